/** Reading and writing databases as a whole: docs/databases.md. */

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { fillWithDefaultSettings } from "rxdb/plugins/core";
import { describe, expect, it } from "vitest";
import { moduleStub } from "../../src/modules/modules";
import { maxUploadMs } from "../../src/storage/bodies";
import { shortenTimers } from "../support/clock";
import { moduleNames } from "../support/modules";
import { obtainTokens, parseTokens, refreshTokens, revokeToken } from "../support/oauth";
import { connectApp, createUser, createUserWithApp, send, TestApp } from "../support/provider";
import { accountId } from "../support/rows";
import { createClient } from "../support/rxdb/clients";
import { enlargeTodos, moduleRows } from "../support/rxdb/module-rows";
import { openTodos } from "../support/rxdb/open-todos";
import { createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { TODOS } from "../support/rxdb/todos";
import {
  collectionQuery,
  readDocuments,
  readJson,
  sendDatabases,
  writeDocuments,
} from "../support/rxdb/whole-databases";

const SCHEMA = fillWithDefaultSettings({ ...TODOS, attachments: {} } as typeof TODOS);

const todoOf = (id: string, fields: object = {}): object =>
  storageDocument({ id, title: `do ${id}`, done: false, rank: 1 }, fields);

const bytesOf = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.alloc(length, "bytes of an attachment"));

const createCollection = (
  app: TestApp,
  schema: object = SCHEMA,
  query: Record<string, string> = {},
  module = "todos",
): Promise<Response> =>
  sendDatabases(app, `/${module}/collection${collectionQuery(query)}`, {
    method: "PUT",
    body: JSON.stringify(schema),
  });

const refusalOf = async (response: Response): Promise<unknown[]> => [
  response.status,
  ((await response.json()) as { error: string }).error,
];

describe("Reading a database as a whole", () => {
  it("returns the collections, their schemas, and all documents with their revisions", async () => {
    const app = await createUserWithApp();
    const client = createClient(socketPath(app));
    const { database, todos } = await openTodos(client, "list");
    await todos.insert({ id: "1", title: "wash", done: false, rank: 1 } as never);
    await todos.insert({ id: "2", title: "cook", done: false, rank: 2 } as never);
    await (await todos.findOne("2").exec())?.remove();
    const { modules } = await readJson<{ modules: string[] }>(sendDatabases(app, ""));
    expect(modules).toEqual(["todos"]);
    const { collections } = await readJson<{ collections: object[] }>(sendDatabases(app, "/todos"));
    expect(collections).toContainEqual({
      database: "list",
      collection: "todos",
      version: 0,
      documents: 1,
      bytes: expect.any(Number),
      state: expect.stringMatching(/^\d+-3-\d+$/),
    });
    const path = `/todos/collection${collectionQuery()}`;
    const { schema, seq } = await readJson<{ schema: object; seq: number }>(
      sendDatabases(app, path),
    );
    expect([schema, seq]).toEqual([todos.schema.jsonSchema, 3]);
    // RxDB's own list says it, also when no client is connected any more.
    await database.close();
    expect((await readJson<{ schema: object }>(sendDatabases(app, path))).schema).toEqual(schema);
    const documents = await readDocuments(app);
    expect(documents.map(({ id, _rev, _deleted }) => [id, _rev.split("-")[0], _deleted])).toEqual([
      ["1", "1", false],
      ["2", "2", true],
    ]);
    const internal = await readDocuments(app, { collection: "_rxdb_internal" });
    expect(internal.map(({ context }) => context)).toContain("collection");
  });

  it("comes in pages, and says again what was changed after a page was read", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    await writeDocuments(
      app,
      ["1", "2", "3", "4"].map((id) => todoOf(id)),
    );
    await enlargeTodos(app.user, 1_500_000);
    const read = (query: object) =>
      readJson<{ documents: { id: string }[]; since: number; isLast: boolean; newest: number }>(
        sendDatabases(app, `/todos/documents${collectionQuery(query as Record<string, string>)}`),
      );
    const first = await read({ until: "4" });
    expect([first.documents.map(({ id }) => id), first.since, first.isLast]).toEqual([
      ["1", "2"],
      2,
      false,
    ]);
    await writeDocuments(app, [todoOf("1", { _rev: "2-b" })], { onConflict: "replace" });
    const rest = await read({ since: "2", until: "4" });
    expect([rest.documents.map(({ id }) => id), rest.isLast, rest.newest]).toEqual([
      ["3", "4"],
      true,
      5,
    ]);
    expect((await read({ since: "4" })).documents).toMatchObject([{ id: "1", _rev: "2-b" }]);
  });

  it("needs no more than a token that may read the module, and opens none", async () => {
    const alice = await createUser();
    const [writer, reader, other] = [
      await connectApp(alice, "todos:rw"),
      await connectApp(alice, "todos:r"),
      await connectApp(alice, "notes:rw"),
    ];
    await createCollection(writer);
    expect(await readDocuments(reader)).toEqual([]);
    expect(await readJson(sendDatabases(other, ""))).toEqual({ modules: [] });
    const paths = ["/todos", `/todos/documents${collectionQuery()}`, "/nothing"];
    for (const path of paths) {
      expect(await refusalOf(await sendDatabases(other, path))).toEqual([
        403,
        "insufficient-scope",
      ]);
      const bob = await createUserWithApp();
      expect((await sendDatabases({ ...bob, user: alice.name }, path)).status).toBe(403);
      expect((await sendDatabases({ ...bob, token: "x" }, path)).status).toBe(401);
    }
    for (const path of ["/notes", `/notes/documents${collectionQuery()}`]) {
      expect(await refusalOf(await sendDatabases(other, path))).toEqual([404, "not-found"]);
    }
    await revokeToken({ token: reader.token });
    expect((await sendDatabases(reader, "/todos")).status).toBe(401);
    expect(await moduleNames(alice.name)).toEqual(["todos"]);
  });

  it("refuses a collection or an attachment that there is not, and queries that make no sense", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const get = async (path: string) => refusalOf(await sendDatabases(app, path));
    for (const query of [{ database: "x" }, { collection: "x" }, { version: "1" }]) {
      expect(await get(`/todos/documents${collectionQuery(query)}`)).toEqual([404, "not-found"]);
    }
    const attachment = { document: "1", name: "a", digest: "x" };
    expect(await get(`/todos/attachment${collectionQuery(attachment)}`)).toEqual([
      404,
      "not-found",
    ]);
    for (const query of ["", "?database=list&collection=todos", "?version=0"]) {
      expect(await get(`/todos/documents${query}`)).toEqual([400, "malformed"]);
    }
    for (const query of [{ since: "-1" }, { until: "x" }, { version: "1e3" }]) {
      expect(await get(`/todos/documents${collectionQuery(query)}`)).toEqual([400, "malformed"]);
    }
    expect((await sendDatabases(app, "/todos", { method: "DELETE" })).status).toBe(405);
  });
});

describe("Writing a database as a whole", () => {
  it("stores the revisions given, also of what is deleted, and can be repeated", async () => {
    const app = await createUserWithApp();
    expect((await createCollection(app)).status).toBe(201);
    expect((await createCollection(app)).status).toBe(200);
    const documents = [
      todoOf("1", { _rev: "7-abc" }),
      todoOf("2", { _rev: "3-x", _deleted: true }),
    ];
    expect(await writeDocuments(app, documents, { dryRun: "1" })).toEqual([
      { outcome: "new" },
      { outcome: "new" },
    ]);
    expect(await readDocuments(app)).toEqual([]);
    expect(await writeDocuments(app, documents)).toEqual([{ outcome: "new" }, { outcome: "new" }]);
    expect(await readDocuments(app)).toEqual(documents);
    expect(await writeDocuments(app, documents)).toEqual([
      { outcome: "equal" },
      { outcome: "equal" },
    ]);
    const { collections } = await readJson<{ collections: { documents: number }[] }>(
      sendDatabases(app, "/todos"),
    );
    expect(collections[0]?.documents).toBe(1);
  });

  it("can be repeated whatever JSON a document has", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    // As text: JSON.stringify would write neither -0 nor a member that is there twice.
    const fields =
      '"valueOf": 0, "toString": 1, "n": -0, "n": 1, "m": -0, "__proto__": { "a": 1e400 }';
    const document = JSON.stringify(todoOf("1")).replace("{", `{ ${fields},`);
    const body = `{ "documents": [${document}], "attachments": false }`;
    for (const outcome of ["new", "equal"]) {
      const sent = sendDatabases(app, `/todos/documents${collectionQuery()}`, {
        method: "POST",
        body,
      });
      expect(await readJson(sent)).toEqual({ results: [{ outcome }] });
    }
    expect(await readDocuments(app)).toMatchObject([
      { id: "1", valueOf: 0, toString: 1, n: 1, m: 0 },
    ]);
  });

  it("keeps or replaces another revision", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const [mine, theirs] = [todoOf("1", { _rev: "1-mine" }), todoOf("1", { _rev: "1-theirs" })];
    await writeDocuments(app, [mine]);
    expect(await writeDocuments(app, [theirs])).toEqual([{ outcome: "kept" }]);
    expect(await readDocuments(app)).toEqual([mine]);
    const replace = { onConflict: "replace" };
    expect(await writeDocuments(app, [theirs], { ...replace, dryRun: "1" })).toEqual([
      { outcome: "replaced" },
    ]);
    expect(await readDocuments(app)).toEqual([mine]);
    expect(await writeDocuments(app, [theirs], replace)).toEqual([{ outcome: "replaced" }]);
    expect(await readDocuments(app)).toEqual([theirs]);
    const gone = todoOf("1", { _rev: "2-gone", _deleted: true });
    // The last of several revisions of a document counts.
    expect(await writeDocuments(app, [mine, gone], replace)).toEqual([
      { outcome: "replaced" },
      { outcome: "replaced" },
    ]);
    expect(await readDocuments(app)).toEqual([gone]);
  });

  it("asks for the bytes of attachments that are missing, small ones along, large ones before", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const [small, large] = [bytesOf(1000), bytesOf(1_500_000)];
    const stub = (digest: string, { length }: Uint8Array) => ({ digest, length, type: "a/b" });
    const stubs = { "a.png": stub("sha-s", small), "b.png": stub("sha-l", large) };
    const document = todoOf("1", { _attachments: stubs });
    expect(await writeDocuments(app, [document], {}, true)).toEqual([
      { outcome: "incomplete", missing: ["a.png", "b.png"] },
    ]);
    expect(await readDocuments(app)).toEqual([]);
    const uploaded = sendDatabases(app, "/todos/uploads", {
      method: "POST",
      body: large,
      headers: { "Content-Length": String(large.length) },
    });
    const { upload } = await readJson<{ upload: string }>(uploaded);
    const withBytes = todoOf("1", {
      ...(document as { _meta: object }),
      _attachments: {
        "a.png": { ...stubs["a.png"], data: Buffer.from(small).toString("base64") },
        "b.png": { ...stubs["b.png"], upload },
      },
    });
    expect(await writeDocuments(app, [withBytes], {}, true)).toEqual([{ outcome: "new" }]);
    expect(await readDocuments(app)).toEqual([document]);
    expect(await writeDocuments(app, [document], {}, true)).toEqual([{ outcome: "equal" }]);
    for (const [name, digest, bytes] of [
      ["a.png", "sha-s", small],
      ["b.png", "sha-l", large],
    ] as const) {
      const query = collectionQuery({ document: "1", name, digest });
      const response = await sendDatabases(app, `/todos/attachment${query}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
    // An upload is used once.
    const again = todoOf("2", { _attachments: { "b.png": { ...stubs["b.png"], upload } } });
    expect(await writeDocuments(app, [again], {}, true)).toEqual([
      { outcome: "incomplete", missing: ["b.png"] },
    ]);
    const sent = sendDatabases(app, "/todos/uploads", {
      method: "POST",
      body: "x",
      headers: { "Content-Length": "1" },
    });
    const once = { ...(await readJson<{ upload: string }>(sent)), ...stub("sha-x", bytesOf(1)) };
    const both = ["3", "4"].map((id) => todoOf(id, { _attachments: { x: once } }));
    expect(await writeDocuments(app, both, {}, true)).toEqual([
      { outcome: "new" },
      { outcome: "incomplete", missing: ["x"] },
    ]);
    // What RxDB reads is the same.
    const instance = await openStorageInstance(createClient(socketPath(app)), "list", SCHEMA);
    const blob = (await instance.getAttachmentData("1", "b.png", "sha-l")) as unknown as Blob;
    expect(Buffer.from(await blob.arrayBuffer()).equals(large)).toBe(true);
  });

  it("does not delete the bytes of an upload before the slowest client has sent them", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const now = Date.now();
    await sendDatabases(app, "/todos/uploads", {
      method: "POST",
      body: bytesOf(1_500_000),
      headers: { "Content-Length": "1500000" },
    });
    const [orphan] = (await moduleRows(app.user)).loose_bodies ?? [];
    expect(orphan?.since).toBeGreaterThanOrEqual(now + maxUploadMs(1_500_000));
  });

  it("replaces attachments together with their document, and needs none of what is deleted", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const attachment = (text: string) => ({
      digest: `sha-${text}`,
      length: text.length,
      type: "a/b",
      data: Buffer.from(text).toString("base64"),
    });
    const replace = { onConflict: "replace" };
    const write = (document: object) => writeDocuments(app, [document], replace, true);
    await write(todoOf("1", { _attachments: { a: attachment("one"), b: attachment("two") } }));
    const { data: _, ...kept } = attachment("two");
    const { data: __, ...other } = attachment("three");
    expect(
      await write(todoOf("1", { _rev: "2-a", _attachments: { b: kept, c: attachment("three") } })),
    ).toEqual([{ outcome: "replaced" }]);
    const get = async (name: string, digest: string) => {
      const query = collectionQuery({ document: "1", name, digest });
      const response = await sendDatabases(app, `/todos/attachment${query}`);
      return response.ok ? await response.text() : response.status;
    };
    expect([
      await get("a", "sha-one"),
      await get("b", "sha-two"),
      await get("c", "sha-three"),
    ]).toEqual([404, "two", "three"]);
    // It says that "b" is other bytes, which are not there.
    expect(await write(todoOf("1", { _rev: "3-a", _attachments: { b: other } }))).toEqual([
      { outcome: "incomplete", missing: ["b"] },
    ]);
    const gone = todoOf("1", { _rev: "4-a", _deleted: true, _attachments: { b: kept } });
    expect(await write(gone)).toEqual([{ outcome: "replaced" }]);
    expect(await get("b", "sha-two")).toBe(404);
    const never = todoOf("2", { _deleted: true, _attachments: { x: other } });
    expect(await write(never)).toEqual([{ outcome: "new" }]);
    expect(await readDocuments(app)).toEqual([gone, never]);
  });

  it("tells clients that listen", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams("list", TODOS) });
    await writeDocuments(app, [todoOf("1")]);
    const answer = await socket.call({
      method: "findDocumentsById",
      params: [["1"], false],
      requestId: "find",
    });
    expect(answer.return).toHaveLength(1);
    expect(socket.eventBulks).toHaveLength(1);
    expect(socket.eventBulks[0]?.events).toMatchObject([{ documentId: "1", operation: "INSERT" }]);
  });

  it("is refused to a token that may only read, and opens no module", async () => {
    const alice = await createUser();
    const [writer, reader] = [await connectApp(alice), await connectApp(alice, "*:r")];
    const body = JSON.stringify({ documents: [todoOf("1")] });
    const write = async (app: TestApp) => [
      await refusalOf(await createCollection(app)),
      await refusalOf(
        await sendDatabases(app, `/todos/documents${collectionQuery()}`, { method: "POST", body }),
      ),
      await refusalOf(
        await sendDatabases(app, "/todos/uploads", {
          method: "POST",
          body: "x",
          headers: { "Content-Length": "1" },
        }),
      ),
    ];
    const refused = Array(3).fill([403, "insufficient-scope"]);
    expect(await write(reader)).toEqual(refused);
    expect(await moduleNames(alice.name)).toEqual([]);
    await createCollection(writer);
    expect(await write(reader)).toEqual(refused);
    // A dry run only reads.
    expect(await writeDocuments(reader, [todoOf("1")], { dryRun: "1" })).toEqual([
      { outcome: "new" },
    ]);
    expect(await readDocuments(reader)).toEqual([]);
  });

  it("needs a token that allows it, however much its grant does", async () => {
    const alice = await createUser();
    const { access_token, refresh_token } = await obtainTokens(alice, "todos:rw notes:rw");
    const app = new TestApp(alice.name, access_token);
    await createCollection(app);
    await createCollection(app, SCHEMA, {}, "notes");
    const narrowed = await parseTokens(await refreshTokens(refresh_token, { scope: "todos:r" }));
    const reader = new TestApp(alice.name, narrowed.access_token);
    const refused = [403, "insufficient-scope"];
    expect(await refusalOf(await createCollection(reader))).toEqual(refused);
    expect(await refusalOf(await sendDatabases(reader, "/notes"))).toEqual(refused);
    expect(await readJson(sendDatabases(reader, ""))).toEqual({ modules: ["todos"] });
    expect(await readDocuments(reader)).toEqual([]);
    // A socket acts with the grant.
    const openSession = async (token: string, module: string) =>
      send(`/rxdb/${alice.name}/${module}/session`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}` },
      });
    expect((await openSession(access_token, "todos")).status).toBe(201);
    for (const module of ["todos", "notes"]) {
      expect(await refusalOf(await openSession(narrowed.access_token, module))).toEqual(refused);
    }
  });

  it("refuses another primary key, and what is no schema, no document, or too much", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const other = fillWithDefaultSettings({ ...TODOS, primaryKey: "title" } as never);
    expect(await refusalOf(await createCollection(app, other))).toEqual([409, "clash"]);
    expect(await refusalOf(await createCollection(app, {}, { version: "1" }))).toEqual([
      400,
      "malformed",
    ]);
    expect(await refusalOf(await createCollection(app, SCHEMA, { version: "1" }))).toEqual([
      400,
      "malformed",
    ]);
    const post = async (
      body: string | Uint8Array<ArrayBuffer>,
      path = `/todos/documents${collectionQuery()}`,
    ) => refusalOf(await sendDatabases(app, path, { method: "POST", body }));
    for (const document of [
      { id: "1" },
      { ...todoOf("1"), id: 1 },
      { ...todoOf("1"), _rev: "" },
      { ...todoOf("1"), _rev: "mine" },
      { ...todoOf("1"), _attachments: { a: { length: 1 } } },
    ]) {
      const batch = { documents: [document], attachments: true };
      expect(await post(JSON.stringify(batch))).toEqual([400, "malformed"]);
    }
    const late = JSON.stringify({ documents: [todoOf("1", { _meta: { lwt: 0 } })] });
    expect(await post(late.replace('"lwt":0', '"lwt":1e999'))).toEqual([400, "malformed"]);
    expect(await post("no json")).toEqual([400, "malformed"]);
    const latin1 = JSON.stringify({ documents: [todoOf("1", { title: "für" })] });
    const bytes = Uint8Array.from(latin1, (character) => character.charCodeAt(0));
    expect(await post(bytes)).toEqual([400, "malformed"]);
    const many = Array.from({ length: 1001 }, (_, index) => todoOf(String(index)));
    expect(await post(JSON.stringify({ documents: many }))).toEqual([400, "malformed"]);
    expect(await post(`{"documents":[],"x":"${"x".repeat(9_000_000)}"}`)).toEqual([
      413,
      "too-large",
    ]);
    expect(await post(`{"documents":[],"x":[${"[],".repeat(500_000)}0]}`)).toEqual([
      413,
      "too-large",
    ]);
    const large = todoOf("1", { title: "x".repeat(2_100_000) });
    expect(await post(JSON.stringify({ documents: [large] }))).toEqual([413, "too-large"]);
    expect(await post("x", `/todos/documents${collectionQuery({ onConflict: "x" })}`)).toEqual([
      400,
      "malformed",
    ]);
    expect(await readDocuments(app)).toEqual([]);
  });

  it("is compared with no more stored documents than a request may read", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    const ids = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    await writeDocuments(
      app,
      ids.map((id) => todoOf(id)),
    );
    await enlargeTodos(app.user, 1_900_000);
    const documents = ids.map((id) => todoOf(id, { _rev: "2-b" }));
    const path = `/todos/documents${collectionQuery({ dryRun: "1" })}`;
    const body = JSON.stringify({ documents });
    expect(await refusalOf(await sendDatabases(app, path, { method: "POST", body }))).toEqual([
      413,
      "too-large",
    ]);
    const kept = Array(8).fill({ outcome: "kept" });
    expect(await writeDocuments(app, documents.slice(1))).toEqual(kept);
  });

  it("works in a module that an older version stored, too", async () => {
    shortenTimers();
    const app = await createUserWithApp();
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams("list", TODOS) });
    const object = moduleStub(env, await accountId(app.user), "todos");
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec("ALTER TABLE collections DROP COLUMN schema");
      storage.kv.put("tables", 2);
    });
    await evictDurableObject(object);
    expect((await createCollection(app)).status).toBe(200);
    expect(await writeDocuments(app, [todoOf("1")])).toEqual([{ outcome: "new" }]);
    expect((await createCollection(app, SCHEMA, { collection: "more" })).status).toBe(201);
    const path = `/todos/collection${collectionQuery({ collection: "more" })}`;
    expect(await readJson(sendDatabases(app, path))).toMatchObject({ schema: SCHEMA });
  });

  it("counts towards the quota, and changes nothing beyond it", async () => {
    const app = await createUserWithApp();
    await createCollection(app);
    await env.DB.prepare("UPDATE accounts SET quota_bytes = 3000000 WHERE id = ?")
      .bind(await accountId(app.user))
      .run();
    const title = "x".repeat(1_000_000);
    await writeDocuments(app, [todoOf("1", { title })]);
    const body = JSON.stringify({
      documents: [todoOf("2", { title: title + title.slice(0, 800_000) }), todoOf("3", { title })],
    });
    const path = `/todos/documents${collectionQuery()}`;
    expect(await refusalOf(await sendDatabases(app, path, { method: "POST", body }))).toEqual([
      507,
      "over-quota",
    ]);
    const upload = { method: "POST", body: bytesOf(2_500_000) };
    const headers = { "Content-Length": "2500000" };
    expect(
      await refusalOf(await sendDatabases(app, "/todos/uploads", { ...upload, headers })),
    ).toEqual([507, "over-quota"]);
    expect((await readDocuments(app)).map(({ id }) => id)).toEqual(["1"]);
  });

  it("an erased collection and one that is written in its place have other checkpoints", async () => {
    const [alice, bob] = [await createUserWithApp(), await createUserWithApp()];
    const checkpointOf = async (app: TestApp) => {
      const instance = await openStorageInstance(createClient(socketPath(app)), "list");
      await insertDocuments(instance, todoOf("1"));
      return (await instance.getChangedDocumentsSince?.(10))?.checkpoint as { collection: number };
    };
    const checkpoint = await checkpointOf(alice);
    expect((await checkpointOf(bob)).collection).not.toBe(checkpoint.collection);
    const moved = await openStorageInstance(createClient(socketPath(bob)), "list");
    expect((await moved.getChangedDocumentsSince?.(10, checkpoint))?.documents).toHaveLength(1);
  });
});
