/** The operator's routes to the databases of all accounts, for a backup of a deployment: docs/operate.md#backup. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { describe, expect, it } from "vitest";
import { moduleStub } from "../../src/modules/modules";
import { connectApp, createUser, createUserWithApp, send, type TestApp } from "../support/provider";
import { accountId, allRows } from "../support/rows";
import { expectModuleUnchanged } from "../support/rxdb/module-rows";
import { storageDocument } from "../support/rxdb/storage-instances";
import { TODOS } from "../support/rxdb/todos";
import {
  collectionQuery,
  readJson,
  sendDatabases,
  writeDocuments,
} from "../support/rxdb/whole-databases";
import { sendWithSettings } from "../support/send-with-settings";

const BACKUP_TOKEN = "a-token-for-backups-of-32-characters";
const sendConfigured = sendWithSettings({ BACKUP_TOKEN });

const SCHEMA = JSON.stringify(
  fillWithDefaultSettings({ ...TODOS, attachments: {} } as typeof TODOS),
);

/** A request of the operator. */
const sendOperator = (path: string, init: RequestInit = {}): Promise<Response> =>
  sendConfigured(`/backup${path}`, {
    ...init,
    headers: { Authorization: `Bearer ${BACKUP_TOKEN}`, ...(init.headers as object) },
  });

const todoOf = (id: string, fields: object = {}): object =>
  storageDocument({ id, title: `do ${id}`, done: false, rank: 1 }, fields);

const LARGE = "y".repeat(1_500_000);

const attachmentOf = (text: string) => ({
  digest: `sha-${text[0]}`,
  length: text.length,
  type: "a/b",
});

/** Uploads an attachment with `request`, and returns what refers to it. */
async function upload(request: (path: string, init: RequestInit) => Promise<Response>) {
  const headers = { "Content-Length": String(LARGE.length) };
  const sent = request("/uploads", { method: "POST", body: LARGE, headers });
  return { ...attachmentOf(LARGE), ...(await readJson<{ upload: string }>(sent)) };
}

/** The documents of the tests: one that is deleted, and one with a small and a large attachment. */
const documentsWith = (large: object) => [
  todoOf("1", { _rev: "7-abc", _meta: { lwt: 4 } }),
  todoOf("2", { _rev: "3-x", _deleted: true, _meta: { lwt: 5 } }),
  todoOf("3", {
    _meta: { lwt: 6 },
    _attachments: { small: { ...attachmentOf("xx"), data: btoa("xx") }, large },
  }),
];

/** A user with a database of an app. */
async function createDatabase(): Promise<TestApp & { account: string; module: string }> {
  const app = await createUserWithApp();
  const request = (path: string, init: RequestInit) => sendDatabases(app, `/todos${path}`, init);
  await request(`/collection${collectionQuery()}`, { method: "PUT", body: SCHEMA });
  await writeDocuments(app, documentsWith(await upload(request)), {}, true);
  const account = await accountId(app.user);
  return Object.assign(app, { account, module: `/${account}/${app.user}/todos` });
}

/** What a module has, as the routes below its path say it. */
async function contentsOf(request: (path: string) => Promise<Response>) {
  const list = await readJson<{ collections: Record<string, unknown>[] }>(request(""));
  const described = await readJson<{ schema: object }>(request(`/collection${collectionQuery()}`));
  const page = await readJson<{ documents: object[] }>(request(`/documents${collectionQuery()}`));
  const attachments = ["xx", LARGE].map(async (text) => {
    const name = text === LARGE ? "large" : "small";
    const query = collectionQuery({ document: "3", name, digest: attachmentOf(text).digest });
    const response = await request(`/attachment${query}`);
    return [response.status, Buffer.from(await response.arrayBuffer()).toString()];
  });
  return {
    collections: list.collections.map(({ bytes: _, state: __, ...rest }) => rest),
    schema: described.schema,
    documents: page.documents,
    attachments: await Promise.all(attachments),
  };
}

const refusalOf = async (response: Response): Promise<unknown[]> => [
  response.status,
  ((await response.json()) as { error: string }).error,
];

/** Every request that changes something, to a module. */
const writesTo = (module: string): [string, RequestInit][] => [
  [
    `${module}/collection${collectionQuery({ collection: "more" })}`,
    { method: "PUT", body: SCHEMA },
  ],
  [
    `${module}/documents${collectionQuery({ onConflict: "replace" })}`,
    { method: "POST", body: JSON.stringify({ documents: [todoOf("1", { _rev: "9-z" })] }) },
  ],
  [`${module}/uploads`, { method: "POST", body: "x", headers: { "Content-Length": "1" } }],
  [module, { method: "DELETE" }],
];

describe("The operator's routes to databases", () => {
  it.each(["BACKUP_TOKEN", "Bearer", "Bearer wrong", `Basic ${BACKUP_TOKEN}`, ""])(
    "are refused without the BACKUP_TOKEN: %j",
    async (Authorization) => {
      const { user, module } = await createDatabase();
      const headers: Record<string, string> = Authorization ? { Authorization } : {};
      await expectModuleUnchanged(user, async () => {
        const all = [["", {}], [module, {}], ...writesTo(module)] as [string, RequestInit][];
        for (const [path, init] of all) {
          const response = await sendConfigured(`/backup${path}`, { ...init, headers });
          expect(response.status).toBe(401);
          expect(response.headers.get("www-authenticate")).toBe('Bearer realm="backup"');
          expect(await response.text()).not.toContain("todos");
        }
      });
    },
  );

  it("do not exist if BACKUP_TOKEN is empty, whatever the token", async () => {
    const { user, token, module } = await createDatabase();
    await expectModuleUnchanged(user, async () => {
      for (const Authorization of ["Bearer ", "Bearer", `Bearer ${token}`]) {
        for (const [path, init] of [["", {}], [module, {}], ...writesTo(module)] as const) {
          const response = await send(`/backup${path}`, { ...init, headers: { Authorization } });
          expect(response.status).toBe(404);
        }
      }
    });
  });

  it("are not those of an app, and have no others", async () => {
    const { user, token, module } = await createDatabase();
    expect(
      (await send(`/databases/${user}`, { headers: { Authorization: `Bearer ${BACKUP_TOKEN}` } }))
        .status,
    ).toBe(401);
    const asApp = await sendConfigured(`/backup${module}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(asApp.status).toBe(401);
    const response = await sendOperator(module, { headers: { Origin: "https://app.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBe(null);
    expect(response.headers.get("cache-control")).toBe("no-store");
    for (const [path, method] of [
      ["/x", "GET"],
      [module, "PATCH"],
      [`${module}/x`, "POST"],
    ] as const) {
      expect(await refusalOf(await sendOperator(path, { method }))).toEqual([
        405,
        "method-not-allowed",
      ]);
    }
  });

  it("read what the user's own apps read, also of a suspended account", async () => {
    const app = await createDatabase();
    const own = await contentsOf((path) => sendDatabases(app, `/todos${path}`));
    expect(own.attachments).toEqual([
      [200, "xx"],
      [200, LARGE],
    ]);
    await env.DB.prepare("UPDATE accounts SET suspended_at = 1 WHERE id = ?")
      .bind(app.account)
      .run();
    expect((await sendDatabases(app, "/todos")).status).toBe(403);
    expect(await contentsOf((path) => sendOperator(app.module + path))).toEqual(own);
    expect(await readJson(sendOperator(""))).toEqual({ isEmpty: false });
  });

  it("change nothing of an account that exists, or has been deleted", async () => {
    const { user, account, module } = await createDatabase();
    const expectRefused = () =>
      expectModuleUnchanged(user, async () => {
        for (const [path, init] of writesTo(module)) {
          expect(await refusalOf(await sendOperator(path, init))).toEqual([409, "clash"]);
        }
      });
    await expectRefused();
    await env.DB.prepare("UPDATE accounts SET deleted_at = 1 WHERE id = ?").bind(account).run();
    await expectRefused();
    expect(await refusalOf(await sendOperator(module))).toEqual([404, "not-found"]);
  });

  it("know only modules that there are, and names that there can be", async () => {
    const { user, account, module } = await createDatabase();
    const bob = await createUserWithApp();
    const paths = [
      `/${account}/${bob.user}/todos`,
      `/${account}/${user}/notes`,
      `/unknown/${user}/todos`,
    ];
    for (const path of paths) {
      expect(await refusalOf(await sendOperator(path))).toEqual([404, "not-found"]);
    }
    const before = await allRows();
    for (const name of [
      `a%2Fb/${user}/todos`,
      "new/A/todos",
      `new/${user}/*`,
      `new/${user}/a%2Fb`,
    ]) {
      for (const [path, init] of writesTo(`/${name}`)) {
        expect(await refusalOf(await sendOperator(path, init))).toEqual([404, "not-found"]);
      }
    }
    expect(await allRows()).toEqual(before);
    expect((await sendOperator(module)).status).toBe(200);
    // It was opened, but nothing has been stored in it.
    await env.DB.prepare("INSERT INTO rxdb_modules (account, module, bytes) VALUES (?, 'idle', 0)")
      .bind(account)
      .run();
    expect(await readJson(sendOperator(`/${account}/${user}/idle`))).toEqual({ collections: [] });
  });
});

describe("The state of a collection in the list", () => {
  it("is another one after each change, and only then", async () => {
    const app = await createDatabase();
    const state = async () => {
      const list = await readJson<{ collections: { state: string }[] }>(sendOperator(app.module));
      return list.collections[0]?.state;
    };
    const states = [await state()];
    expect(await state()).toBe(states[0]);
    await writeDocuments(app, [todoOf("4")]);
    states.push(await state());
    await writeDocuments(app, [todoOf("4", { _deleted: true, _rev: "2-b" })], {
      onConflict: "replace",
    });
    states.push(await state());
    expect(new Set(states).size).toBe(3);
    await writeDocuments(app, [todoOf("4", { _rev: "1-c" })]);
    expect(await state()).toBe(states[2]);
  });
});

describe("A restore", () => {
  /** Restores the databases of the tests for a user who does not exist yet. */
  async function restore(user: string) {
    const account = `restored-${user}`;
    const module = `/${account}/${user}/todos`;
    const request = (path: string, init: RequestInit = {}) => sendOperator(module + path, init);
    const query = collectionQuery({ onConflict: "replace" });
    const created = await request(`/collection${collectionQuery()}`, {
      method: "PUT",
      body: SCHEMA,
    });
    expect(created.status).toBe(201);
    const body = JSON.stringify({
      documents: documentsWith(await upload(request)),
      attachments: true,
    });
    await readJson(request(`/documents${query}`, { method: "POST", body }));
    return { account, module, request };
  }

  /** What the restored index brings. */
  const insertAccount = (account: string, user: string, bytes: number) =>
    env.DB.batch([
      env.DB.prepare(
        "INSERT INTO accounts (id, name, created_at, quota_bytes) VALUES (?, ?, 1, 1000)",
      ).bind(account, user),
      env.DB.prepare(
        "INSERT INTO rxdb_modules (account, module, bytes) VALUES (?, 'todos', ?)",
      ).bind(account, bytes),
    ]);

  it("brings everything back before there is an account, whatever its quota, and counts it then", async () => {
    const original = await createDatabase();
    const expected = await contentsOf((path) => sendOperator(original.module + path));
    const { account, module } = await restore("restored-one");
    // Nobody can reach it yet.
    expect(await refusalOf(await sendOperator(module))).toEqual([404, "not-found"]);
    await insertAccount(account, "restored-one", 0);
    expect(await contentsOf((path) => sendOperator(module + path))).toEqual(expected);
    await runDurableObjectAlarm(moduleStub(env, account, "todos"));
    const row = env.DB.prepare("SELECT bytes FROM rxdb_modules WHERE account = ?").bind(account);
    expect((await row.first<{ bytes: number }>())?.bytes).toBeGreaterThan(LARGE.length);
    const [path, init] = writesTo(module)[0] as [string, RequestInit];
    expect(await refusalOf(await sendOperator(path, init))).toEqual([409, "clash"]);
  });

  it("that was interrupted is erased, and begins again", async () => {
    const { account, module, request } = await restore("restored-two");
    expect(await readJson(request("", { method: "DELETE" }))).toEqual({ isDone: true });
    expect(await readJson(request("", { method: "DELETE" }))).toEqual({ isDone: true });
    const { objects } = await env.BODIES.list({ prefix: `rxdb/${account}/` });
    expect(objects).toEqual([]);
    await request(`/collection${collectionQuery()}`, { method: "PUT", body: SCHEMA });
    await insertAccount(account, "restored-two", 0);
    const page = await readJson<{ documents: object[] }>(
      sendOperator(`${module}/documents${collectionQuery()}`),
    );
    expect(page.documents).toEqual([]);
  });

  it("needs a schema that can be used, so none else is said to be that of a collection", async () => {
    const alice = await createUser();
    const app = await connectApp(alice);
    const put = (query: string, schema: object) =>
      sendDatabases(app, `/todos/collection${query}`, {
        method: "PUT",
        body: JSON.stringify(schema),
      });
    await put(collectionQuery(), JSON.parse(SCHEMA));
    const internal = collectionQuery({ collection: "_rxdb_internal" });
    await put(internal, JSON.parse(SCHEMA));
    // As apps list collections whose documents a plugin encrypts, or whatever they like.
    const module = `/${await accountId(alice.name)}/${alice.name}/todos`;
    for (const schema of [{ ...JSON.parse(SCHEMA), encrypted: ["title"] }, { version: 0 }]) {
      const listed = todoOf("collection|todos-0", { data: { schema }, _rev: `${Date.now()}-a` });
      await writeDocuments(app, [listed], { collection: "_rxdb_internal", onConflict: "replace" });
      const path = `${module}/collection${collectionQuery()}`;
      const described = await readJson<{ schema: object }>(sendOperator(path));
      expect(described.schema).toEqual(JSON.parse(SCHEMA));
    }
  });
});
