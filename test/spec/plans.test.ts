/** What Cloudflare allows an invocation: the guard around all tests, and what fits the Free plan. */

import { createScheduledController, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { archiveIn, documentsIn } from "../support/archive";
import { advanceClock, DAY_MS } from "../support/clock";
import { expectErased, runDueAlarms } from "../support/erasure";
import { guardBindings } from "../support/guard/bindings";
import {
  makeSubrequest,
  runInvocation,
  setPlan,
  takeMostSubrequests,
  takeViolations,
} from "../support/guard/invocations";
import { MAX_SUBREQUESTS } from "../support/guard/limits";
import worker from "../support/guard/worker";
import { findElements } from "../support/html";
import { callsToModules } from "../support/modules";
import {
  connectApp,
  createUser,
  createUserWithApp,
  send,
  sendForm,
  type TestApp,
} from "../support/provider";
import { accountId } from "../support/rows";
import { contentOf, importAccount } from "../support/rxdb/account-content";
import {
  attachmentOf,
  createTodos,
  storedTodo,
  writeDocuments,
} from "../support/rxdb/whole-databases";
import { sendWithSettings } from "../support/send-with-settings";
import { binaryBytes } from "../support/storage";

/** The modules that an account on the Free plan may have. */
const FREE_MODULES = 25;

/** The rows of as many modules as an account may have. */
async function insertModules(user: string): Promise<string> {
  const account = await accountId(user);
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${FREE_MODULES})
     INSERT INTO rxdb_modules SELECT ?, 'm' || i, 0 FROM n`,
  )
    .bind(account)
    .run();
  return account;
}

describe("The guard around the Worker", () => {
  const guarded = guardBindings(env);
  const select = (parameters: unknown[], sql = "SELECT 1") =>
    guarded.DB.prepare(sql).bind(...parameters);
  const insert = "INSERT INTO nodes (account, parent) VALUES (?1, ?2)";
  const put = (key: string, metadata: string) =>
    guarded.BODIES.put(key, "x", { customMetadata: { path: metadata } });

  it.each<[string, () => unknown]>([
    ["a statement of more than 100 KB", () => select([], `SELECT '${"x".repeat(100_000)}'`)],
    ["101 parameters", () => select(Array(101).fill(1))],
    ["a value of 2000001 bytes", () => select(["x".repeat(2_000_001)])],
    ["a row of 2000002 bytes", () => select(["x".repeat(1_000_001), "x".repeat(1e6 + 1)], insert)],
    ["a key of more than 1 KiB", () => put("x".repeat(1025), "")],
    ["metadata that are not ASCII", () => put("x", "\u00e4")],
    ["metadata of 8193 bytes", () => put("x", "x".repeat(8189))],
  ])("refuses %s", async (violation, call) => {
    await expect((async () => call())()).rejects.toThrow(violation);
    expect(takeViolations()).toEqual([expect.stringContaining(violation)]);
    expect(await env.BODIES.head("x")).toBeNull();
  });

  it("is around the objects, too", async () => {
    const object = env.USERS.getByName("guarded");
    const refusal = runInDurableObject(object, (_, { storage }) =>
      storage.sql.exec("SELECT ?", "x".repeat(2_000_001)),
    );
    await expect(refusal).rejects.toThrow("a value of 2000001 bytes");
    expect(takeViolations()).toHaveLength(1);
  });

  it("counts the calls of each request, and refuses those beyond the plan's", async () => {
    takeMostSubrequests();
    await send("/healthz");
    expect(takeMostSubrequests()).toBe(3);
    const calls = (count: number) =>
      runInvocation(async () => {
        for (let call = 0; call < count; call++) await select([]).first();
      });
    setPlan("free");
    await calls(MAX_SUBREQUESTS.free);
    await expect(calls(MAX_SUBREQUESTS.free + 1)).rejects.toThrow("more than 50 subrequests");
    expect(takeViolations()).toHaveLength(1);
    setPlan("paid");
    await calls(MAX_SUBREQUESTS.free + 1);
  });

  it("lets the seventh call wait until one of six is answered", async () => {
    const started: number[] = [];
    const answers = Array.from({ length: 8 }, () => Promise.withResolvers<void>());
    const results = runInvocation(() =>
      answers.map(({ promise }, index) =>
        makeSubrequest(() => {
          started.push(index);
          return promise;
        }),
      ),
    );
    expect(started).toEqual([0, 1, 2, 3, 4, 5]);
    answers[3]?.resolve();
    await results[3];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const { resolve } of answers) resolve();
    await Promise.all(results);
    expect(started).toHaveLength(8);
  });
});

/** The archives in which an account can be exported. */
const partLinks = async (open: (path: string) => Promise<Response>): Promise<string[]> =>
  findElements(await (await open("/data/parts")).text(), "a")
    .map(({ href = "" }) => href)
    .filter((href) => href.startsWith("/data/export"));

/** A few documents, and databases with more attachments than one archive of the Free plan can have. */
async function fillDatabases(app: TestApp): Promise<void> {
  for (let i = 0; i < 5; i++) await app.put(`/notes/${i}`, `${i}`);
  const documents = Array.from({ length: 40 }, (_, i) =>
    storedTodo(`t${i}`, { a: attachmentOf(`bytes ${i}`), b: attachmentOf("more") }),
  );
  for (const collection of ["todos", "others", "empty"]) await createTodos(app, { collection });
  await writeDocuments(app, documents, {}, true);
  await writeDocuments(app, documents.slice(0, 20), { collection: "others" }, true);
  await createTodos(app, {}, "photos");
  const large = { "large.png": attachmentOf("x".repeat(1_200_000)) };
  await writeDocuments(app, [storedTodo("large", large)], {}, true, "photos");
}

describe("The Free plan", () => {
  const sendFree = sendWithSettings({ SUBREQUESTS: "50" });
  beforeAll(() => setPlan("free"));

  it("is enough to export any number of documents, in parts", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    const paths = Array.from({ length: 70 }, (_, i) => `/notes/${i % 7}/${i}`);
    for (const path of paths) await app.put(path, path);
    const open = (path: string) => sendFree(path, { headers: { Cookie: user.cookie } });
    const links = await partLinks(open);
    const exported: string[] = [];
    for (const link of links) {
      const documents = await documentsIn(await archiveIn(await open(link)));
      exported.push(
        ...Object.values(documents).map(({ bytes }) => new TextDecoder().decode(bytes)),
      );
    }
    expect(links).toHaveLength(3);
    expect(exported.sort()).toEqual(paths.sort());
  });

  it("is enough to export documents and databases with attachments, in parts that an import reads", async () => {
    const user = await createUser();
    const [alice, bob] = [await connectApp(user), await createUserWithApp()];
    await fillDatabases(alice);
    const open = (path: string) => sendFree(path, { headers: { Cookie: user.cookie } });
    const links = await partLinks(open);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      const { refused } = await importAccount(bob, await archiveIn(await open(link)));
      expect(refused).toEqual([]);
    }
    expect(await contentOf(bob)).toEqual(await contentOf(alice));
  });

  it("is enough to disconnect an app of a user with as many modules as allowed", async () => {
    const user = await createUser();
    await connectApp(user);
    await insertModules(user.name);
    const calls = await callsToModules(user.name, async () => {
      const done = await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
      expect(done.status).toBe(303);
    });
    expect(calls).toHaveLength(FREE_MODULES);
    const data = await sendFree("/data", { headers: { Cookie: user.cookie } });
    expect(data.status).toBe(200);
  });

  it("is enough to delete an account, with as many modules and many cut off uploads", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    const account = await insertModules(user.name);
    const bodies = Array.from({ length: 3 }, (_, i) => `rxdb/${account}/m1/${i}`);
    for (const key of bodies) await env.BODIES.put(key, "x");
    await app.put("/notes/a", binaryBytes(10));
    for (let upload = 0; upload < 12; upload++) {
      const key = `${account}/document/version-${upload}`;
      const { uploadId } = await env.BODIES.createMultipartUpload(key);
      await env.USERS.getByName(user.name).noteUpload(key, uploadId);
    }
    await sendForm("/settings/delete", { name: user.name }, { cookie: user.cookie });
    await runDueAlarms(user.name);
    advanceClock(DAY_MS);
    await runDueAlarms(user.name);
    await expectErased(user.name, account);
  });

  it("is enough for the daily job, however many accounts it has to erase", async () => {
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
       INSERT INTO accounts (id, name, created_at, deleted_at) SELECT 'id-' || i, 'gone-' || i, 0, 1 FROM n`,
    ).run();
    takeMostSubrequests();
    const controller = createScheduledController({ scheduledTime: Date.now() });
    await worker.scheduled(controller, env);
    expect(takeMostSubrequests()).toBeLessThan(MAX_SUBREQUESTS.free);
  });
});
