/** Documents that an app gets after it has listed their folder: their bodies are asked for early. */

import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished } from "vitest";
import { deleteAccount } from "../../src/accounts/deletion";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { breakCalls, interceptCalls } from "../support/fault-injection";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  createUserWithApp,
  sendForm,
  type TestApp,
} from "../support/provider";

const PATH = "/notes/a";

/** Stores a document twice, and lists its folder. Returns both versions. */
async function listTwoVersions(app: TestApp): Promise<{ first: string; second: string }> {
  const first = await putVersion(app, "first");
  const second = await putVersion(app, "second");
  await app.list("/notes/");
  return { first, second };
}

const putVersion = async (app: TestApp, text: string): Promise<string> =>
  ((await app.put(PATH, text)).headers.get("etag") ?? "").slice(1, -1);

const accountOf = (app: TestApp) =>
  env.DB.prepare("SELECT id, name FROM accounts WHERE name = ?")
    .bind(app.user)
    .first<{ id: string; name: string }>() as Promise<{ id: string; name: string }>;

/** Changes the document's row without this isolate's knowledge, as another one would. */
const changeElsewhere = async (app: TestApp, sql: string, ...values: string[]): Promise<void> => {
  const { id } = await accountOf(app);
  await env.DB.prepare(`${sql} WHERE account = ? AND parent = '/notes/' AND name = 'a'`)
    .bind(...values, id)
    .run();
};

/** Records the calls to D1 and R2 until the end of the test. */
function recordCalls(): string[] {
  const calls: string[] = [];
  const stop = interceptCalls((binding, method, call) => {
    calls.push(`${binding}.${method}`);
    return call();
  });
  onTestFinished(stop);
  return calls;
}

const EARLY = ["BODIES.get", "DB.batch"];

const textOf = async (response: Response): Promise<[number, string]> => [
  response.status,
  await response.text(),
];

describe("a document that was just listed", () => {
  it("is asked for in R2 while the index is asked, with the same number of calls", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    const isAsked: string[] = [];
    const stop = interceptCalls(async (binding, method, call) => {
      isAsked.push(`${binding}.${method}`);
      // The index does not answer before R2 is asked: if R2 waited for it, nothing would be answered.
      while (!isAsked.includes("BODIES.get")) await scheduler.wait(1);
      return call();
    });
    onTestFinished(stop);
    expect(await textOf(await app.get(PATH))).toEqual([200, "second"]);
    expect(isAsked.sort()).toEqual(EARLY);
  });

  it("is sent with the headers that it has otherwise, and in ranges", async () => {
    const app = await createUserWithApp();
    const headersOf = async (headers = {}) => {
      const response = await app.get(PATH, headers);
      return [response.status, await response.text(), Object.fromEntries(response.headers)];
    };
    await putVersion(app, "hello");
    const ordinary = await headersOf();
    const range = await headersOf({ Range: "bytes=1-2" });
    await app.list("/notes/");
    const calls = recordCalls();
    expect(await headersOf()).toEqual(ordinary);
    expect(await headersOf({ Range: "bytes=1-2" })).toEqual(range);
    expect(range.slice(0, 2)).toEqual([206, "el"]);
    expect(calls.filter((call) => call === "BODIES.get")).toHaveLength(2);
  });

  it("is read from R2 only if it is sent: not for 304, 412, 416 and HEAD", async () => {
    const app = await createUserWithApp();
    const { second } = await listTwoVersions(app);
    const calls = recordCalls();
    expect((await app.get(PATH, { "If-None-Match": `"${second}"` })).status).toBe(304);
    expect((await app.get(PATH, { "If-Match": '"another"' })).status).toBe(412);
    expect((await app.get(PATH, { Range: "bytes=100-" })).status).toBe(416);
    expect((await app.head(PATH)).status).toBe(200);
    expect(calls).not.toContain("BODIES.get");
  });

  it("is the app's own version after a write, without a read in vain", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    await putVersion(app, "third");
    const calls = recordCalls();
    expect(await textOf(await app.get(PATH))).toEqual([200, "third"]);
    expect(calls.filter((call) => call === "BODIES.get")).toHaveLength(1);
  });

  it("is the version that another isolate has stored since; the read in vain happens once", async () => {
    const app = await createUserWithApp();
    const { first } = await listTwoVersions(app);
    await changeElsewhere(app, "UPDATE nodes SET version = ?, length = 5", first);
    const calls = recordCalls();
    expect(await textOf(await app.get(PATH))).toEqual([200, "first"]);
    expect(calls.filter((call) => call === "BODIES.get")).toHaveLength(2);
    expect(await textOf(await app.get(PATH))).toEqual([200, "first"]);
    expect(calls.filter((call) => call === "BODIES.get")).toHaveLength(3);
  });

  it("is 304 if another isolate has stored the version that the client has", async () => {
    const app = await createUserWithApp();
    const { first } = await listTwoVersions(app);
    await changeElsewhere(app, "UPDATE nodes SET version = ?, length = 5", first);
    const response = await app.get(PATH, { "If-None-Match": `"${first}"` });
    expect(await textOf(response)).toEqual([304, ""]);
  });

  it("is 404 if another isolate has deleted it since", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    await changeElsewhere(app, "DELETE FROM nodes");
    const [status, text] = await textOf(await app.get(PATH));
    expect(status).toBe(404);
    expect(text).not.toContain("second");
  });

  it("is not sent to an app that was disconnected since", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await listTwoVersions(app);
    await sendForm(`/apps/disconnect?app=${APP_ORIGIN}`, {}, { cookie: user.cookie });
    const [status, text] = await textOf(await app.get(PATH));
    expect(status).toBe(401);
    expect(text).not.toContain("second");
  });

  it("is not sent to an app whose permissions were reduced since", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    const { id } = await accountOf(app);
    await env.DB.prepare("UPDATE grants SET scope = 'other:rw' WHERE account = ?").bind(id).run();
    const [status, text] = await textOf(await app.get(PATH));
    expect(status).toBe(403);
    expect(text).not.toContain("second");
  });

  it("is asked for early for no app whose token does not cover it", async () => {
    const user = await createUser();
    await listTwoVersions(await connectApp(user));
    const other = await connectApp(user, "other:rw");
    const calls = recordCalls();
    expect((await other.get(PATH)).status).toBe(403);
    expect(calls).not.toContain("BODIES.get");
  });

  it("is not sent from a suspended account", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    const { id } = await accountOf(app);
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?").bind(id).run();
    const [status, text] = await textOf(await app.get(PATH));
    expect(status).toBe(403);
    expect(text).not.toContain("second");
  });

  it("is not sent from a deleted account, even while its body still exists", async () => {
    const app = await createUserWithApp();
    const { second } = await listTwoVersions(app);
    const account = await accountOf(app);
    expect(await deleteAccount(env, account, Date.now())).toBe(true);
    const { objects } = await env.BODIES.list({ prefix: `${account.id}/` });
    expect(objects.some(({ key }) => key.endsWith(second))).toBe(true);
    const [status, text] = await textOf(await app.get(PATH));
    expect(status).toBe(401);
    expect(text).not.toContain("second");
  });

  it("is asked for after the index again when the listing is half a minute old", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    advanceClock(MINUTE_MS / 2);
    const calls = recordCalls();
    expect(await textOf(await app.get(PATH))).toEqual([200, "second"]);
    expect(calls.filter((call) => call === "BODIES.get")).toHaveLength(1);
    expect(calls.indexOf("BODIES.get")).toBeGreaterThan(calls.indexOf("DB.batch"));
  });

  it("is sent although R2 fails at first, and is not missing if R2 does not answer", async () => {
    const app = await createUserWithApp();
    await listTwoVersions(app);
    const restore = breakCalls(env.BODIES, "get", ["refused", "lost"]);
    onTestFinished(restore);
    expect(await textOf(await app.get(PATH))).toEqual([200, "second"]);
    const restoreAll = breakCalls(env.BODIES, "get", Array(10).fill("refused"));
    expect((await app.get(PATH)).status).toBe(503);
    restoreAll();
    expect(await textOf(await app.get(PATH))).toEqual([200, "second"]);
  });

  it("is found on the second page of a large folder, too", async () => {
    const app = await createUserWithApp();
    const { second } = await listTwoVersions(app);
    const { id } = await accountOf(app);
    // Before the document, in the order of names: more than a page of others.
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
       INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
       SELECT ?, '/notes/', 'A' || i, ?, 'text/plain', 6, 1, 0 FROM n`,
    )
      .bind(id, second)
      .run();
    expect((await app.list("/notes/")).a).toBeDefined();
    const calls = recordCalls();
    expect(await textOf(await app.get(PATH))).toEqual([200, "second"]);
    expect(calls.sort()).toEqual(EARLY);
    expect(calls).toHaveLength(2);
  });
});
