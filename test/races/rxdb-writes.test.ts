/** RxDB writes that are retried, are large, wait for quota, or add an index. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { advanceClock, SECOND_MS } from "../support/clock";
import { reservedBytes } from "../support/modules";
import { connectApp, createUser, createUserWithApp, type TestApp } from "../support/provider";
import { accountId } from "../support/rows";
import {
  attachmentKeys,
  enlargeTodos,
  moduleObject,
  moduleRows,
} from "../support/rxdb/module-rows";
import { createRxdbSession, sessionPath } from "../support/rxdb/sessions";
import { bulkWriteFrame, createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import { storageDocument } from "../support/rxdb/storage-instances";
import { TODOS, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

afterEach(() => {
  Reflect.deleteProperty(env.DB, "prepare");
});

/** Holds back D1's results of the statements for which `isHeld` is true, until released. */
function holdResults(isHeld: (sql: string) => boolean) {
  let held = 0;
  let isReleased = false;
  const prepare = env.DB.prepare.bind(env.DB);
  const hold = (statement: D1PreparedStatement): D1PreparedStatement => {
    const { bind, first } = statement;
    Object.defineProperty(statement, "bind", {
      configurable: true,
      value: (...values: unknown[]) => hold(bind.apply(statement, values)),
    });
    Object.defineProperty(statement, "first", {
      configurable: true,
      value: async () => {
        const answer = await first.call(statement);
        held++;
        while (!isReleased) await new Promise((resolve) => setTimeout(resolve, 1));
        return answer;
      },
    });
    return statement;
  };
  Object.defineProperty(env.DB, "prepare", {
    configurable: true,
    value: (sql: string) => (isHeld(sql) ? hold(prepare(sql)) : prepare(sql)),
  });
  return {
    heldResults: (count = 1) => waitUntil(() => held >= count),
    release: () => {
      isReleased = true;
    },
  };
}

describe("A retried write", () => {
  it("is answered as applied, once, if the first attempt still waits for quota", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const socket = await FrameSocket.open(path);
    await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const { heldResults, release } = holdResults((sql) => sql.includes("UPDATE rxdb_modules"));
    // More than is reserved in advance.
    const document = { ...todo("a"), title: "x".repeat(1_200_000) };
    const write = { requestId: "once", ...bulkWriteFrame(storageDocument(document)) };
    socket.webSocket.send(JSON.stringify({ connectionId: "c", version: "17.6.0", ...write }));
    await heldResults();
    socket.webSocket.close();
    const again = await FrameSocket.open(path);
    const answer = again.call({ ...write, retry: true });
    // Once a later request on another socket is answered, the retry has arrived.
    await (await FrameSocket.open(path)).call({ method: "custom", params: "whoami" });
    release();
    expect((await answer).return).toEqual({ error: [] });
  });

  it("is answered as applied if it was too large for the event log", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const socket = await FrameSocket.open(path);
    await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const documents = [..."abcde"].map((id) => storageDocument(todo(id)));
    expect((await socket.call(bulkWriteFrame(...documents))).return).toEqual({ error: [] });
    // An event has the document as it was, too.
    await enlargeTodos(app.user, 1_900_000);
    const rows = documents.map((previous) => ({
      previous,
      document: { ...previous, _rev: "2-a" },
    }));
    const write = { method: "bulkWrite", params: [rows, "x"], requestId: "once" };
    expect((await socket.call(write)).return).toEqual({ error: [] });
    expect((await moduleRows(app.user)).events).toMatchObject([{ request: "", json: "" }]);
    const second = await socket.call({ ...write, retry: true });
    expect(
      (second.return as { error: { status: number }[] }).error.map(({ status }) => status),
    ).toEqual([]);
  });

  it("is answered as applied if it inserted a deleted document", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await FrameSocket.open(sessionPath(await createRxdbSession(app)));
    await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const write = {
      ...bulkWriteFrame(storageDocument(todo("a"), { _deleted: true })),
      requestId: "once",
    };
    expect((await socket.call(write)).return).toEqual({ error: [] });
    expect((await socket.call({ ...write, retry: true })).return).toEqual({ error: [] });
  });
});

async function withLargeDocument() {
  const app = await createUserWithApp("todos:rw");
  const socket = await FrameSocket.open(socketPath(app));
  await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
  expect((await socket.call(bulkWriteFrame(storageDocument(todo("large"))))).return).toEqual({
    error: [],
  });
  await enlargeTodos(app.user, 1_500_000);
  return { app, socket };
}

const smallDocument = (revision: string) => storageDocument(todo("large"), { _rev: revision });

describe("A small write", () => {
  it("is refused if many of its rows conflict with the same large document", async () => {
    const { socket } = await withLargeDocument();
    const rows = Array.from({ length: 100 }, (_, i) => smallDocument(`1-${i}`));
    expect((await socket.call(bulkWriteFrame(...rows))).error?.code).toBe("too-large");
  });

  it("with large answers does not make the event log exceed its size", async () => {
    const { app, socket } = await withLargeDocument();
    for (let round = 0; round < 3; round++) {
      const rows = Array.from({ length: 3 }, (_, i) => smallDocument(`1-${i}`));
      const answer = await socket.call(
        bulkWriteFrame(storageDocument(todo(`new ${round}`)), ...rows),
      );
      expect((answer.return as { error: object[] }).error).toHaveLength(3);
    }
    const kept = await runInDurableObject(await moduleObject(app.user), (_, { storage: { sql } }) =>
      Number(sql.exec("SELECT sum(length(answer) + length(json)) AS kept FROM events").one().kept),
    );
    expect(kept).toBeLessThan(8_000_000);
  });
});

describe("cleanup", () => {
  it("deletes the attachments of a document that was inserted as deleted", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const attachment = { digest: "d", length: 3, type: "a/b", data: "AAAA" };
    const document = storageDocument(todo("a"), {
      _deleted: true,
      _attachments: { file: attachment },
    });
    expect((await socket.call(bulkWriteFrame(document))).return).toEqual({ error: [] });
    advanceClock(SECOND_MS);
    expect((await socket.call({ method: "cleanup", params: [0] })).return).toBe(true);
    const { attachments, collections } = await moduleRows(app.user);
    expect(attachments).toEqual([]);
    expect(collections).toMatchObject([{ bytes: 0 }]);
  });

  it("purges a batch that fits into memory, and the rest when it is called again", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const documents = Array.from({ length: 10 }, (_, i) =>
      storageDocument(todo(`${i}`), { _deleted: true }),
    );
    expect((await socket.call(bulkWriteFrame(...documents))).return).toEqual({ error: [] });
    await enlargeTodos(app.user, 1_000_000);
    advanceClock(SECOND_MS);
    expect((await socket.call({ method: "cleanup", params: [0] })).return).toBe(false);
    expect((await socket.call({ method: "cleanup", params: [0] })).return).toBe(true);
  });
});

describe("An index that is added later", () => {
  it("counts towards the quota, and is refused with a read-only token or over the quota", async () => {
    const user = await createUser();
    const app = await connectApp(user, "todos:rw");
    const name = uniqueDatabaseName();
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(name) });
    await socket.call(
      bulkWriteFrame(...Array.from({ length: 100 }, (_, i) => storageDocument(todo(`d${i}`)))),
    );
    const reader = await connectApp(user, "todos:r");
    const other = await connectApp(user, "todos:rw");
    const schema = structuredClone(TODOS) as never as {
      properties: Record<string, object>;
      indexes: unknown[];
    };
    schema.properties.title = { type: "string", maxLength: 8000 };
    schema.indexes = ["title", ["title", "done"], ["title", "rank"]];
    const readerSocket = await FrameSocket.open(socketPath(reader));
    const { return: identity } = await readerSocket.call({ method: "custom", params: "whoami" });
    expect(identity).toMatchObject({ access: "r" });
    const create = { connectionId: "reader", method: "create", params: createParams(name, schema) };
    expect((await readerSocket.call(create)).error?.code).toBe("insufficient-scope");
    const otherSocket = await FrameSocket.open(socketPath(other));
    expect((await otherSocket.call(create)).return).toBe("ok");
    expect((await readerSocket.call(create)).return).toBe("ok");
    const module = await moduleObject(app.user);
    const bytesIn = () =>
      runInDurableObject(module, (_, { storage: { sql } }) =>
        Number(sql.exec("SELECT sum(bytes) AS bytes FROM collections").one().bytes),
      );
    const account = await accountId(app.user);
    const reserved = await env.DB.prepare("SELECT bytes FROM rxdb_modules WHERE account = ?")
      .bind(account)
      .first<number>("bytes");
    const held = await bytesIn();
    expect(held).toBeGreaterThan(2_000_000);
    expect(reserved).toBeGreaterThanOrEqual(held);
    await env.DB.prepare("UPDATE accounts SET quota_bytes = 4000000 WHERE id = ?")
      .bind(account)
      .run();
    schema.indexes.push(["title", "done", "rank"], ["rank", "title"], ["done", "title"]);
    const more = await otherSocket.call({
      connectionId: "more",
      method: "create",
      params: createParams(name, schema),
    });
    expect(more.error?.code).toBe("over-quota");
    expect(await bytesIn()).toBe(held);
  });
});

/** Opens a socket per path, all on one new collection. */
async function openOnOneCollection(paths: string[]): Promise<FrameSocket[]> {
  const name = uniqueDatabaseName();
  return Promise.all(
    paths.map(async (path) => {
      const socket = await FrameSocket.open(path);
      await socket.call({ method: "create", params: createParams(name) });
      return socket;
    }),
  );
}

const largeDocument = (id: string): object =>
  storageDocument({ ...todo(id), title: "x".repeat(1_500_000) });

const bytesOf = async ({ user }: TestApp): Promise<number> => {
  const databases = await (await moduleObject(user)).inventory();
  return databases
    .flatMap(({ collections }) => collections.map(({ bytes }) => bytes))
    .reduce((sum, bytes) => sum + bytes, 0);
};

describe("A module never stores more than it has reserved", () => {
  it("when two writes reserve quota at once", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a, b] = (await openOnOneCollection([socketPath(app), socketPath(app)])) as [
      FrameSocket,
      FrameSocket,
    ];
    const answers = await Promise.all([
      a.call(bulkWriteFrame(...["1", "2"].map(largeDocument))),
      b.call(bulkWriteFrame(storageDocument(todo("small")))),
    ]);
    expect(answers.map((answer) => answer.return)).toEqual([{ error: [] }, { error: [] }]);
    expect(await reservedBytes(app.user, "todos")).toBeGreaterThanOrEqual(await bytesOf(app));
  });

  it("when quota is released while a write reserves more", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a] = (await openOnOneCollection([socketPath(app)])) as [FrameSocket];
    await a.call(bulkWriteFrame(storageDocument(todo("small"))));
    const write = a.call(bulkWriteFrame(...["1", "2"].map(largeDocument)));
    await runDurableObjectAlarm(await moduleObject(app.user));
    expect((await write).return).toEqual({ error: [] });
    expect(await reservedBytes(app.user, "todos")).toBeGreaterThanOrEqual(await bytesOf(app));
  });

  it("when a client adds indexes", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a] = (await openOnOneCollection([socketPath(app)])) as [FrameSocket];
    const many = Array.from({ length: 1000 }, (_, i) => storageDocument(todo(String(i))));
    await a.call(bulkWriteFrame(...many));
    const indexes = [["done", "rank", "title"], ["title", "rank"], "title"];
    const properties = { ...TODOS.properties, title: { type: "string", maxLength: 2000 } };
    const schema = { ...TODOS, properties, indexes };
    const [{ name } = { name: "" }] = await (await moduleObject(app.user)).inventory();
    const answer = await a.call({
      connectionId: "d",
      method: "create",
      params: createParams(name, schema),
    });
    expect(answer.return).toBe("ok");
    expect(await bytesOf(app)).toBeGreaterThan(5_000_000);
    await waitUntil(async () => (await reservedBytes(app.user, "todos")) >= (await bytesOf(app)));
  });
});

const documentWithAttachment = (id: string, bytes: number, fields: object = {}): object => {
  const data = Buffer.alloc(bytes, id).toString("base64");
  const scan = { data, digest: `digest-${id}`, length: bytes, type: "image/png" };
  return storageDocument(todo(id), { _attachments: { scan }, ...fields });
};

describe("A write with large attachments", () => {
  it("is answered the same when it is retried while it is in progress", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const [first] = (await openOnOneCollection([path])) as [FrameSocket];
    const write = { ...bulkWriteFrame(documentWithAttachment("a", 1_500_000)), requestId: "once" };
    const second = await FrameSocket.open(path);
    const answers = await Promise.all([first.call(write), second.call({ ...write, retry: true })]);
    expect(answers.map((answer) => answer.return)).toContainEqual({ error: [] });
    expect(answers[1]?.return).toEqual({ error: [] });
  });

  it("uploads nothing to R2 if it conflicts", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a] = (await openOnOneCollection([socketPath(app)])) as [FrameSocket];
    await a.call(bulkWriteFrame(documentWithAttachment("a", 1_500_000)));
    const before = await attachmentKeys(app.user);
    expect(before).toHaveLength(1);
    const answer = await a.call(
      bulkWriteFrame(documentWithAttachment("a", 1_600_000, { _rev: "1-b" })),
    );
    expect(answer.return).toMatchObject({ error: [{ status: 409, documentId: "a" }] });
    // Nor does it send back the bytes.
    expect(JSON.stringify(answer).length).toBeLessThan(10_000);
    expect(await attachmentKeys(app.user)).toEqual(before);
  });
});
