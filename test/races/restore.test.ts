/** Restoring and deleting for good at the worst moments: during a sweep, an erasure, other writes. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { COMMIT_WINDOW_MS } from "../../src/storage/commit";
import { GRACE_PERIOD_MS } from "../../src/storage/versions/expiry";
import { startSweep } from "../../src/storage/versions/sweep";
import { CommitJournal } from "../../src/user-object/commit-journal";
import { VersionSweep } from "../../src/user-object/version-sweep";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { breakCalls } from "../support/fault-injection";
import { createOwner, type Owner } from "../support/owner";
import { listBodyKeys } from "../support/provider";
import { accountId } from "../support/rows";
import { etagVersion } from "../support/storage";

let restoreBindings = () => {};

afterEach(() => {
  restoreBindings();
  restoreBindings = () => {};
});

const restore = (owner: Owner, path: string, version: string, expected: string) =>
  owner.post(`/versions${path}`, [
    ["version", version],
    ["expected", expected],
  ]);

const put = async (owner: Owner, path: string, text: string): Promise<string> =>
  etagVersion(await owner.app.put(path, text)) as string;

/** Holds the first call of a method until `release`. */
function hold<Target extends object>(
  target: Target,
  method: keyof Target & string,
  isHeld: (...args: never[]) => boolean = () => true,
): { arrived: Promise<void>; release: () => void } {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const call = (target[method] as (...args: unknown[]) => unknown).bind(target);
  const arrived = new Promise<void>((resolve) => {
    Object.defineProperty(target, method, {
      configurable: true,
      value: async (...args: never[]) => {
        if (!isHeld(...args)) return call(...args);
        Reflect.deleteProperty(target, method);
        resolve();
        await released;
        return call(...args);
      },
    });
  });
  restoreBindings = () => Reflect.deleteProperty(target, method);
  return { arrived, release };
}

/** Sweeps at this time, for a provider that keeps no history: deletes whatever may be deleted. */
async function sweepAllAt(owner: Owner, now: number): Promise<void> {
  const walk = startSweep(await accountId(owner.user.name));
  await runInDurableObject(owner.object, async (_, { storage }) => {
    storage.kv.put("sweep", { at: now, walk, again: false });
    const bindings = { ...env, HISTORY_DAYS: "0", HISTORY_VERSIONS: "0" };
    const sweep = new VersionSweep(storage, bindings, new CommitJournal(storage));
    while ((await sweep.run(now)) === now);
  });
}

/** Whether a batch commits changes. */
const isCommit = (statements: D1PreparedStatement[]): boolean =>
  (statements[0] as unknown as { statement: string }).statement.includes("fenced");

describe("Restoring a version while the sweep runs", () => {
  it("that deletes the version first: nothing is changed, and it says so", async () => {
    const owner = await createOwner();
    const first = await put(owner, "/notes/a", "1");
    const current = await put(owner, "/notes/a", "2");
    advanceClock(31 * DAY_MS);
    await owner.signIn();
    const { arrived, release } = hold(env.BODIES, "get");
    const restoring = restore(owner, "/notes/a", first, current);
    await arrived;
    await owner.sweep();
    release();
    expect((await restoring).status).toBe(404);
    expect(await owner.texts()).toEqual({ "/notes/a": "2" });
    expect((await listBodyKeys(owner.user.name)).map((key) => key.split("/")[2])).toEqual([
      current,
    ]);
  });

  it("that runs between the copy and its commit: the copy stays complete", async () => {
    const owner = await createOwner();
    const first = await put(owner, "/notes/a", "1");
    const current = await put(owner, "/notes/a", "2");
    const { arrived, release } = hold(env.DB, "batch", isCommit as never);
    const restoring = restore(owner, "/notes/a", first, current);
    await arrived;
    await sweepAllAt(owner, Date.now() + COMMIT_WINDOW_MS);
    release();
    expect((await restoring).status).toBe(303);
    await sweepAllAt(owner, Date.now() + GRACE_PERIOD_MS);
    expect(await owner.texts()).toEqual({ "/notes/a": "1" });
  });

  it("by a task: either the document is back, or it says that the version is gone", async () => {
    const owner = await createOwner();
    for (const name of ["a", "b", "c"]) {
      await put(owner, `/notes/${name}`, name);
      await owner.app.delete(`/notes/${name}`);
    }
    advanceClock(DAY_MS + MINUTE_MS);
    await owner.sweep();
    advanceClock(40 * DAY_MS);
    await owner.signIn();
    const started = await owner.post("/bin/notes/", [["restore", "all"]]);
    const task = await owner.finish(started);
    await owner.sweep();
    const texts = await owner.texts();
    expect(Object.keys(texts)).toHaveLength(task.counts.created);
    for (const [path, text] of Object.entries(texts)) expect(path).toBe(`/notes/${text}`);
    expect(await owner.read("/bin/notes/")).toContain("No document that was deleted here");
  });
});

describe("Restoring a version while others write", () => {
  it("one of them wins, and nothing is lost", async () => {
    const owner = await createOwner();
    const first = await put(owner, "/notes/a", "1");
    const current = await put(owner, "/notes/a", "2");
    const responses = await Promise.all([
      restore(owner, "/notes/a", first, current),
      owner.app.put("/notes/a", "3", { "If-Match": `"${current}"` }),
      restore(owner, "/notes/a", first, current),
    ]);
    const won = responses.filter(({ status }) => status < 400);
    expect(won).toHaveLength(1);
    expect(responses.filter(({ status }) => status === 412)).toHaveLength(2);
    expect(await owner.texts()).toEqual({ "/notes/a": won[0] === responses[1] ? "3" : "1" });
    expect(await listBodyKeys(owner.user.name)).toHaveLength(3);
  });

  it("a fault of the bucket leaves everything as it was", async () => {
    const owner = await createOwner();
    const first = await put(owner, "/notes/a", "1");
    const current = await put(owner, "/notes/a", "2");
    restoreBindings = breakCalls(env.BODIES, "put", ["refused", "refused", "refused", "refused"]);
    expect((await restore(owner, "/notes/a", first, current)).status).toBe(503);
    restoreBindings();
    expect(await owner.texts()).toEqual({ "/notes/a": "2" });
    expect(await listBodyKeys(owner.user.name)).toHaveLength(2);
  });
});

describe("Deleting for good", () => {
  it("while a document is written: its new version stays complete", async () => {
    const owner = await createOwner();
    await put(owner, "/notes/a", "1");
    await put(owner, "/notes/a", "2");
    advanceClock(60 * MINUTE_MS);
    await owner.signIn();
    const started = await owner.post("/free?what=versions&path=/", []);
    const { arrived, release } = hold(env.BODIES, "delete");
    const finished = owner.finish(started);
    await arrived;
    await put(owner, "/notes/a", "3");
    release();
    await finished;
    expect(await owner.texts()).toEqual({ "/notes/a": "3" });
  });

  it("while a deleted document is written again: it stays complete", async () => {
    const owner = await createOwner();
    await put(owner, "/notes/a", "1");
    await owner.app.delete("/notes/a");
    advanceClock(60 * MINUTE_MS);
    await owner.signIn();
    const started = await owner.post("/free?what=deleted&path=/", []);
    const { arrived, release } = hold(env.BODIES, "delete");
    const finished = owner.finish(started);
    await arrived;
    await put(owner, "/notes/a", "again");
    release();
    await finished;
    expect(await owner.texts()).toEqual({ "/notes/a": "again" });
    expect((await owner.get("/versions/notes/a")).status).toBe(200);
  });

  it("that fails midway is finished later, and the bin never shows what is gone", async () => {
    const owner = await createOwner();
    await put(owner, "/notes/a", "1");
    await owner.app.delete("/notes/a");
    advanceClock(60 * MINUTE_MS);
    await owner.signIn();
    const started = await owner.post("/free?what=deleted&path=/", []);
    restoreBindings = breakCalls(env.BODIES, "delete", ["refused", "refused", "refused"]);
    await runDurableObjectAlarm(owner.object);
    restoreBindings();
    expect(await owner.read("/bin/notes/")).toContain("No document that was deleted here");
    // The next attempt is not at once.
    advanceClock(MINUTE_MS);
    await owner.finish(started);
    expect(await listBodyKeys(owner.user.name)).toEqual([]);
  });
});

describe("Deleting the account", () => {
  it("while documents are restored leaves nothing of them", async () => {
    const owner = await createOwner();
    for (let i = 0; i < 5; i++) {
      await put(owner, `/notes/${i}`, "x");
      await owner.app.delete(`/notes/${i}`);
    }
    await owner.post("/bin/notes/", [["restore", "all"]]);
    const deleted = await owner.post("/settings/delete", [["name", owner.user.name]]);
    expect(deleted.status).toBe(303);
    const { results } = await env.DB.prepare("SELECT id FROM accounts WHERE name = ?")
      .bind(owner.user.name)
      .all<{ id: string }>();
    const account = String(results[0]?.id);
    for (let i = 0; i < 20; i++) {
      advanceClock(60 * MINUTE_MS);
      if (!(await runDurableObjectAlarm(owner.object))) break;
    }
    expect((await env.BODIES.list({ prefix: `${account}/` })).objects).toEqual([]);
    const nodes = await env.DB.prepare("SELECT * FROM nodes WHERE account = ?").bind(account).all();
    expect(nodes.results).toEqual([]);
  });
});
