/** Tasks beside everything else that goes on: sweeps, writers, and the erasure of the account. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { deleteAccount } from "../../src/accounts/deletion";
import { longestRequestMs } from "../../src/storage/erasure";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { expectErased, runDueAlarms } from "../support/erasure";
import { interceptCalls } from "../support/fault-injection";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import { accountId } from "../support/rows";
import {
  finishTask,
  killObject,
  loadBin,
  loadContents,
  loadOutcomes,
  loadTask,
  nextMoment,
  runTask,
  startTask,
  writeAll,
} from "../support/tasks";

let restore = () => {};
afterEach(() => {
  restore();
  restore = () => {};
});

const userObject = ({ user }: TestApp) => env.USERS.getByName(user);

const numbered = (count: number, content: string | null) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`/notes/${i}`, content]));

describe("The alarm", () => {
  it("is not set for tomorrow's sweep while a task goes on in it, which would wait until then if the object died", async () => {
    const app = await createUserWithApp();
    // More than one step makes.
    await writeAll(app, numbered(60, "1"));
    await killObject(app);
    const id = await startTask(app, { kind: "delete", paths: ["/notes/"] });
    const user = userObject(app);
    const storage = await runInDurableObject(user, (_, state) => state.storage);
    const alarms: (number | null)[] = [];
    restore = interceptCalls(async (_binding, _method, makeCall) => {
      alarms.push(await storage.getAlarm());
      return makeCall();
    });
    await runDurableObjectAlarm(user);
    restore();
    expect(alarms.length).toBeGreaterThan(3);
    expect(alarms.filter((at) => at !== null)).toEqual([]);
    expect(await loadTask(app, id)).toMatchObject({ state: "done" });
    const next = await runInDurableObject(user, () => storage.getAlarm());
    expect(next).toBeGreaterThan(Date.now() + DAY_MS / 2);
  });
});

describe("A sweep", () => {
  it("that is due waits for a task, which needs the versions that it would delete", async () => {
    const app = await createUserWithApp();
    await writeAll(app, numbered(3, "1"));
    await writeAll(app, numbered(3, null));
    advanceClock(2 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    advanceClock(60 * DAY_MS);
    const id = await startTask(app, { kind: "restore", module: "notes", paths: null });
    expect(await runDurableObjectAlarm(userObject(app))).toBe(true);
    expect(await finishTask(app, id)).toMatchObject({ counts: { created: 3, failed: 0 } });
    expect(Object.keys(await loadContents(app))).toHaveLength(3);
  });

  it("does not wait for a task that is paused, which is forgotten as soon", async () => {
    const app = await createUserWithApp();
    await writeAll(app, numbered(3, "1"));
    await writeAll(app, numbered(3, null));
    await loadBin(app, "notes");
    advanceClock(2 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    const id = await startTask(app, { kind: "restore", module: "notes", paths: null });
    await userObject(app).controlTask(id, "pause");
    advanceClock(29 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    advanceClock(2 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    expect(await listBodyKeys(app.user)).toEqual([]);
    expect(await userObject(app).getTask(id)).toBeNull();
  });

  it("lists deletions in the bin that the journal has missed, as noticed and not as known", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1" });
    await writeAll(app, { "/notes/a": null });
    // Writes the journal.
    await loadBin(app, "notes");
    await runInDurableObject(userObject(app), (_, { storage }) => {
      for (const [key] of [...storage.kv.list({ prefix: "journal:deletions:" })]) {
        storage.kv.delete(key);
      }
    });
    expect(await loadBin(app, "notes")).toEqual([]);
    advanceClock(2 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    const [noticed, ...others] = await loadBin(app, "notes");
    expect(others).toEqual([]);
    expect(noticed).toMatchObject({ path: "/notes/a", at: Date.now(), app: undefined });
    await runTask(app, { kind: "restore", module: "notes", paths: null });
    expect(Object.keys(await loadContents(app))).toEqual(["/notes/a", "/notes/b"]);
  });
});

describe("Tasks that are remembered", () => {
  it("are forgotten after thirty days, and then nothing is left in an empty account's object", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1" });
    const { id } = await runTask(app, { kind: "delete", paths: ["/notes/"] });
    advanceClock(2 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    expect(await loadTask(app, id)).toMatchObject({ state: "done" });
    advanceClock(33 * DAY_MS);
    await runDurableObjectAlarm(userObject(app));
    expect(await userObject(app).getTask(id)).toBeNull();
    const keys = await runInDurableObject(userObject(app), (_, { storage }) => [
      ...storage.kv.list(),
    ]);
    expect(keys).toEqual([]);
  });
});

describe("Writers", () => {
  it("while going back: each document is what its writer or the task has made it, and is listed", async () => {
    const app = await createUserWithApp();
    await writeAll(app, numbered(12, "1"));
    const at = await nextMoment();
    await writeAll(app, numbered(12, "2"));
    await nextMoment();
    const id = await startTask(app, { kind: "go-back", folder: "/notes/", at });
    const written = [1, 3, 5, 7, 9];
    const [responses] = await Promise.all([
      Promise.all(written.map((i) => app.put(`/notes/${i}`, "3"))),
      finishTask(app, id),
    ]);
    expect(responses.map(({ status }) => status)).toEqual(written.map(() => 200));
    const contents = await loadContents(app);
    const outcomes = await loadOutcomes(app, id);
    for (let i = 0; i < 12; i++) {
      const path = `/notes/${i}`;
      const isWritten = written.includes(i);
      expect(contents[path]).toBe(isWritten ? "text/plain 3" : "text/plain 1");
      const [outcome = ""] = outcomes.filter((line) => line.startsWith(`${path} `));
      expect(outcome).toMatch(isWritten ? /conflict|replaced/ : /replaced/);
    }
  });

  it("between the halves of a move: the original stays with their change, and the copy is gone", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1" });
    const before = await listBodyKeys(app.user);
    advanceClock(2 * MINUTE_MS);
    const moves = [{ from: "/notes/a", to: "/notes/b" }];
    const id = await startTask(app, { kind: "move", moves });
    const user = userObject(app);
    let commits = 0;
    let isWriting = false;
    restore = interceptCalls(async (_binding, method, makeCall) => {
      if (method !== "batch" || isWriting || ++commits !== 2) return makeCall();
      isWriting = true;
      await env.DB.prepare(
        "UPDATE nodes SET version = 'another-version-0000000', modified = modified + 1 WHERE name = 'a'",
      ).run();
      isWriting = false;
      return makeCall();
    });
    await runDurableObjectAlarm(user);
    restore();
    expect(await loadOutcomes(app, id)).toEqual(["/notes/a conflict precondition-failed"]);
    expect(Object.keys(await app.list("/notes/"))).toEqual(["a"]);
    expect((await listBodyKeys(app.user)).length).toBeGreaterThanOrEqual(before.length);
  });
});

describe("An erasure", () => {
  it("during a task leaves nothing of the account, nor of the task", async () => {
    const app = await createUserWithApp();
    await writeAll(app, numbered(6, "1"));
    const account = await accountId(app.user);
    advanceClock(2 * MINUTE_MS);
    const moves = [{ from: "/notes/", to: "/moved/" }];
    await startTask(app, { kind: "move", moves });
    const running = runDurableObjectAlarm(userObject(app));
    await deleteAccount(env, { id: account, name: app.user }, Date.now());
    await running;
    await runDueAlarms(app.user);
    advanceClock(longestRequestMs(env) + MINUTE_MS);
    await runDueAlarms(app.user);
    await expectErased(app.user, account);
  });
});
