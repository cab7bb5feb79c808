/** What RxDB databases count towards the quota: all that they store, with everything around it. */

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, SECOND_MS, shortenTimers } from "../support/clock";
import { openModuleWithBytes, reservedBytes } from "../support/modules";
import { createUserWithApp, send, type TestApp } from "../support/provider";
import { expectModuleUnchanged, moduleObject, moduleRows } from "../support/rxdb/module-rows";
import { createRxdbSession, sessionPath } from "../support/rxdb/sessions";
import { bulkWriteFrame, createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import { storageDocument } from "../support/rxdb/storage-instances";
import { TODOS, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { setQuota } from "../support/storage";

/** A schema with an index on each of so many fields, whose values have up to `maxLength` characters. */
function schemaWithIndexes(count: number, maxLength: number) {
  const names = Array.from({ length: count }, (_, i) => `field${i}`);
  const fields = names.map((name) => [name, { type: "string", maxLength }]);
  const id = { type: "string", maxLength: 2000 };
  const properties = { id, ...Object.fromEntries(fields) };
  return { ...TODOS, properties, required: ["id", ...names], indexes: names };
}

/** A document with this value in each of these many fields. */
const documentWithFields = (id: string, count: number, value: string): object =>
  storageDocument({
    id,
    ...Object.fromEntries(Array.from({ length: count }, (_, i) => [`field${i}`, value])),
  });

/** Opens a socket with a connection to a new database. */
async function openDatabase(app: TestApp, schema: object = TODOS): Promise<FrameSocket> {
  const socket = await FrameSocket.open(socketPath(app));
  const params = createParams(uniqueDatabaseName(), schema);
  expect((await socket.call({ method: "create", params })).return).toBe("ok");
  return socket;
}

async function write(socket: FrameSocket, ...documents: object[]): Promise<void> {
  expect((await socket.call(bulkWriteFrame(...documents))).return).toEqual({ error: [] });
}

/** Bytes of the SQLite file of a user's module. */
const fileBytes = async ({ user }: TestApp): Promise<number> =>
  runInDurableObject(await moduleObject(user), (_, { storage }) => storage.sql.databaseSize);

/** What the account has used of its quota, as an app reads it. */
async function usedBytes({ user, token }: TestApp): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await send(`/quota/${user}`, { headers });
  return ((await response.json()) as { usedBytes: number }).usedBytes;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Each fills a module with some megabytes. */
const HOSTILE_APPS: [string, (app: TestApp) => Promise<void>][] = [
  [
    "long index keys of characters that take four bytes",
    async (app) => {
      const socket = await openDatabase(app, schemaWithIndexes(60, 2000));
      for (const i of range(5)) {
        await write(socket, documentWithFields(`${i}`, 60, "\uffff".repeat(1000)));
      }
    },
  ],
  [
    "index keys of control characters",
    async (app) => {
      const socket = await openDatabase(app, schemaWithIndexes(60, 2000));
      for (const i of range(5)) {
        await write(socket, documentWithFields(`${i}`, 60, " \0".repeat(500)));
      }
    },
  ],
  [
    "long ids in many indexes of short keys",
    async (app) => {
      const socket = await openDatabase(app, schemaWithIndexes(60, 1));
      for (const i of range(8)) {
        await write(socket, documentWithFields(`${i}`.padEnd(1900, "ü"), 60, "a"));
      }
    },
  ],
  [
    "documents that just do not fit into a page",
    async (app) => {
      const socket = await openDatabase(app);
      const documents = range(3000).map((i) =>
        storageDocument({ ...todo(`${i}`), title: "x".repeat(850) }),
      );
      await write(socket, ...documents);
      advanceClock(11 * MINUTE_MS);
    },
  ],
  [
    "events of a document that is written again and again",
    async (app) => {
      const socket = await openDatabase(app);
      const text = "x".repeat(300_000);
      let previous: object | undefined;
      for (const i of range(6)) {
        const document = storageDocument({ ...todo("a"), title: text }, { _rev: `${i + 1}-a` });
        const params = [[{ document, previous }], "x"];
        expect((await socket.call({ method: "bulkWrite", params })).return).toEqual({ error: [] });
        previous = document;
      }
    },
  ],
  [
    "large schemas of connections",
    async (app) => {
      const socket = await openDatabase(app);
      for (const i of range(20)) {
        const params = createParams(uniqueDatabaseName(), { ...TODOS, title: "ü".repeat(95_000) });
        const create = { connectionId: `c${i}`, method: "create", params };
        expect((await socket.call(create)).return).toBe("ok");
      }
    },
  ],
  [
    "pages that deletions have left almost empty",
    async (app) => {
      const socket = await openDatabase(app, schemaWithIndexes(10, 1000));
      const documents = range(180).map((i) =>
        documentWithFields(`${i}`.padStart(4, "0"), 10, `${i}`.padEnd(900, "x")),
      );
      for (const i of range(2)) await write(socket, ...documents.slice(i * 90, i * 90 + 90));
      const deleted = documents
        .filter((_, i) => i % 3 !== 0)
        .map((previous) => ({
          previous,
          document: { ...previous, _deleted: true, _rev: "2-a" },
        }));
      await socket.call({ method: "bulkWrite", params: [deleted, "x"] });
      advanceClock(11 * MINUTE_MS);
      expect((await socket.call({ method: "cleanup", params: [0] })).return).toBe(true);
    },
  ],
];

describe("Attachments in R2 that were replaced", () => {
  it("are deleted as fast as they come, although they do not count towards the quota", async () => {
    const app = await createUserWithApp("todos:rw");
    await write(await openDatabase(app), storageDocument(todo("a")));
    const object = await moduleObject(app.user);
    const since = Date.now();
    const count = 1500;
    await runInDurableObject(object, (_, { storage }) =>
      storage.sql.exec(
        `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
         INSERT INTO loose_bodies (r2_key, since) SELECT 'rxdb/x/' || n, ${since} FROM numbers`,
      ),
    );
    advanceClock(11 * MINUTE_MS);
    for (let batch = 0; batch < 2; batch++) {
      expect(await runDurableObjectAlarm(object)).toBe(true);
    }
    expect((await moduleRows(app.user)).loose_bodies).toEqual([]);
  });
});

describe("The quota of an app that stores", () => {
  it.each(HOSTILE_APPS)(
    "%s: counts at least half of the file, and not much more",
    async (_, fill) => {
      const app = await createUserWithApp("todos:rw");
      await fill(app);
      await runDurableObjectAlarm(await moduleObject(app.user));
      const [file, used] = [await fileBytes(app), await usedBytes(app)];
      expect(file).toBeGreaterThan(3_000_000);
      expect(used).toBeGreaterThan(file / 2);
      expect(used).toBeLessThan(file + 2_000_001);
    },
  );

  it("index keys beyond it: is not exceeded by the file, and the write changes nothing", async () => {
    const app = await createUserWithApp("*:rw");
    await setQuota(app, 2_000_000);
    const socket = await openDatabase(app, schemaWithIndexes(60, 2000));
    const large = (id: string) => documentWithFields(id, 60, "\uffff".repeat(1000));
    await write(socket, large("1"));
    for (const id of ["2", "3", "4", "5"]) await socket.call(bulkWriteFrame(large(id)));
    await expectModuleUnchanged(app.user, async () => {
      expect((await socket.call(bulkWriteFrame(large("6")))).error?.code).toBe("over-quota");
    });
    expect(await fileBytes(app)).toBeLessThanOrEqual(2_000_000);
    expect((await app.put("/todos/a", "x".repeat(1_500_000))).status).toBe(507);
  });
});

describe("A module that is emptied", () => {
  it("counts nothing: totals are exact, whatever its documents were called", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await openDatabase(app, schemaWithIndexes(3, 100));
    const ids = ["plain", "ü\ud83d\ude00", "\0\x01", "\ud800", "a".repeat(1500), " "];
    const documents = ids.map((id) => documentWithFields(id, 3, `${id.slice(0, 20)} ü`));
    await write(socket, ...documents);
    const deleted = documents.map((previous) => ({
      previous,
      document: { ...previous, field1: "\uffff\0 ", _deleted: true, _rev: "2-a" },
    }));
    const params = [deleted, "x"];
    expect((await socket.call({ method: "bulkWrite", params })).return).toEqual({ error: [] });
    advanceClock(SECOND_MS);
    expect((await socket.call({ method: "cleanup", params: [0] })).return).toBe(true);
    const { collections } = await moduleRows(app.user);
    expect(collections).toMatchObject([{ documents: 0, bytes: 0, r2_bytes: 0 }]);
    expect((await socket.call({ method: "remove", params: [] })).return).toBeNull();
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    expect(await reservedBytes(app.user, "todos")).toBe(0);
  });
});

describe("An account over its quota", () => {
  it("can still open its databases, read them, and delete documents", async () => {
    const app = await createUserWithApp("*:rw");
    const socket = await openDatabase(app);
    const previous = storageDocument({ ...todo("large"), title: "x".repeat(900_000) });
    await write(socket, previous);
    const [{ name } = { name: "" }] = await (await moduleObject(app.user)).inventory();
    await setQuota(app, 1000);
    const other = await FrameSocket.open(socketPath(app));
    const create = { connectionId: "other", method: "create", params: createParams(name) };
    expect((await other.call(create)).return).toBe("ok");
    const find = { connectionId: "other", method: "findDocumentsById", params: [["large"], true] };
    expect((await other.call(find)).return).toMatchObject([{ id: "large" }]);
    const document = { ...previous, _deleted: true, _rev: "2-a" };
    const deletion = { method: "bulkWrite", params: [[{ previous, document }], "x"] };
    expect((await socket.call(deletion)).return).toEqual({ error: [] });
    const larger = ["b", "c"].map((id) =>
      storageDocument({ ...todo(id), title: "x".repeat(1_500_000) }),
    );
    expect((await socket.call(bulkWriteFrame(...larger))).error?.code).toBe("over-quota");
  });

  it("cannot fill the file with schemas of connections", async () => {
    const app = await createUserWithApp("*:rw");
    const socket = await openDatabase(app);
    const [{ name } = { name: "" }] = await (await moduleObject(app.user)).inventory();
    await setQuota(app, 1000);
    const before = await fileBytes(app);
    const schema = { ...TODOS, title: "ü".repeat(95_000) };
    const codes = new Set<string | undefined>();
    for (const i of range(30)) {
      const params = createParams(name, schema);
      const { error } = await socket.call({ connectionId: `c${i}`, method: "create", params });
      codes.add(error?.code);
    }
    expect([...codes]).toContain("over-quota");
    expect(await fileBytes(app)).toBeLessThan(before + 2_000_000);
  });

  it("keeps no log, so that documents have room; who was away learns that events are lost", async () => {
    const app = await createUserWithApp("*:rw");
    await setQuota(app, 3_000_000);
    const path = sessionPath(await createRxdbSession(app));
    const name = uniqueDatabaseName();
    const away = await FrameSocket.open(path);
    const create = { connectionId: "away", method: "create", params: createParams(name) };
    expect((await away.call(create)).return).toBe("ok");
    away.webSocket.close();
    advanceClock(MINUTE_MS);
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(name) });
    for (const id of ["a", "b", "c"]) {
      await write(socket, storageDocument({ ...todo(id), title: "x".repeat(800_000) }));
    }
    expect(await fileBytes(app)).toBeLessThanOrEqual(3_000_000);
    const back = await FrameSocket.open(path);
    const count = { connectionId: "away", method: "findDocumentsById", params: [["a"], true] };
    expect((await back.call(count)).error?.code).toBe("events-lost");
  });
});

describe("A module that an older version stored", () => {
  it("is counted anew when it wakes, once, and D1 learns it, whatever the quota", async () => {
    shortenTimers();
    const app = await createUserWithApp("*:rw");
    const socket = await openDatabase(app, schemaWithIndexes(60, 2000));
    for (const i of range(6)) {
      await write(socket, documentWithFields(`${i}`, 60, "\uffff".repeat(1000)));
    }
    const object = await moduleObject(app.user);
    const now = await moduleRows(app.user);
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec("ALTER TABLE collections DROP COLUMN r2_bytes");
      storage.sql.exec("ALTER TABLE collections DROP COLUMN schema");
      storage.sql.exec("UPDATE collections SET bytes = 1000");
      storage.kv.delete("tables");
      storage.kv.put("reserved", 1000);
    });
    await openModuleWithBytes(app.user, "todos", 1000);
    await setQuota(app, 100_000);
    await evictDurableObject(object);
    const again = await FrameSocket.open(socketPath(app));
    expect((await again.call({ method: "custom", params: "whoami" })).error).toBeUndefined();
    await runDurableObjectAlarm(object);
    expect((await moduleRows(app.user)).collections).toEqual(now.collections);
    expect(await usedBytes(app)).toBeGreaterThanOrEqual(await fileBytes(app));
    expect((await app.put("/todos/a", "x")).status).toBe(507);
  });
});
