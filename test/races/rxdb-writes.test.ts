/** Writes that are sent again, are large, wait for room, or bring an index. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { advanceClock, SECOND_MS } from "../support/clock";
import { reservedIn } from "../support/modules";
import { connectApp, createUser, createUserWithApp, type TestApp } from "../support/provider";
import { accountId } from "../support/rows";
import { attachmentKeys, moduleObject, moduleRows } from "../support/rxdb/module-rows";
import { createSession, sessionPath } from "../support/rxdb/sessions";
import { bulkWriteFrame, createParams, FrameSocket, socketPath } from "../support/rxdb/sockets";
import { storageDocument } from "../support/rxdb/storage-instances";
import { TODOS, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

afterEach(() => {
  Reflect.deleteProperty(env.DB, "prepare");
});

/** Holds back D1's answers to statements with this in them, until released. */
function holdAnswers(isMeant: (sql: string) => boolean) {
  let held = 0;
  let isReleased = false;
  const prepare = env.DB.prepare.bind(env.DB);
  const hold = (statement: D1PreparedStatement): D1PreparedStatement => {
    const { bind, first } = statement;
    Object.defineProperty(statement, "bind", {
      value: (...values: unknown[]) => hold(bind.apply(statement, values)),
    });
    Object.defineProperty(statement, "first", {
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
    value: (sql: string) => (isMeant(sql) ? hold(prepare(sql)) : prepare(sql)),
  });
  return {
    held: (count = 1) => waitUntil(() => held >= count),
    release: () => {
      isReleased = true;
    },
  };
}

describe("A write that is sent again", () => {
  it("while it still waits for room is answered as done, once", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createSession(app));
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const { held, release } = holdAnswers((sql) => sql.includes("UPDATE rxdb_modules"));
    const write = { ...bulkWriteFrame(storageDocument(todo("a"))), requestId: "once" };
    frames.socket.send(JSON.stringify({ connectionId: "c", version: "17.6.0", ...write }));
    await held();
    frames.socket.close();
    const again = await FrameSocket.open(path);
    const answer = again.call({ ...write, retry: true });
    // By the time that another is answered, it has arrived.
    await (await FrameSocket.open(path)).call({ method: "custom", params: "whoami" });
    release();
    expect((await answer).return).toEqual({ error: [] });
  });

  it("and was too large for the log of changes is answered as done", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createSession(app));
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const title = "x".repeat(1_000_000);
    const documents = [..."abcdefghij"].map((id) => storageDocument({ ...todo(id), title }));
    const write = { ...bulkWriteFrame(...documents), requestId: "once" };
    expect((await frames.call(write)).return).toEqual({ error: [] });
    const second = await frames.call({ ...write, retry: true });
    expect(
      (second.return as { error: { status: number }[] }).error.map(({ status }) => status),
    ).toEqual([]);
  });

  it("and made a document that is deleted from the start is answered as done", async () => {
    const app = await createUserWithApp("todos:rw");
    const frames = await FrameSocket.open(sessionPath(await createSession(app)));
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const write = {
      ...bulkWriteFrame(storageDocument(todo("a"), { _deleted: true })),
      requestId: "once",
    };
    expect((await frames.call(write)).return).toEqual({ error: [] });
    expect((await frames.call({ ...write, retry: true })).return).toEqual({ error: [] });
  });
});

const title = "x".repeat(1_500_000);

async function withLargeDocument() {
  const app = await createUserWithApp("todos:rw");
  const frames = await FrameSocket.open(socketPath(app));
  await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
  expect(
    (await frames.call(bulkWriteFrame(storageDocument({ ...todo("large"), title })))).return,
  ).toEqual({
    error: [],
  });
  return { app, frames };
}

const smallDocument = (revision: string) => storageDocument(todo("large"), { _rev: revision });

describe("A small write", () => {
  it("that finds the same large document in its way again and again is refused", async () => {
    const { frames } = await withLargeDocument();
    const rows = Array.from({ length: 100 }, (_, i) => smallDocument(`1-${i}`));
    expect((await frames.call(bulkWriteFrame(...rows))).error?.code).toBe("too-large");
  });

  it("whose answer is large does not stay in the log of changes beyond its length", async () => {
    const { app, frames } = await withLargeDocument();
    for (let round = 0; round < 4; round++) {
      const rows = Array.from({ length: 4 }, (_, i) => smallDocument(`1-${i}`));
      const answer = await frames.call(
        bulkWriteFrame(storageDocument(todo(`new ${round}`)), ...rows),
      );
      expect((answer.return as { error: object[] }).error).toHaveLength(4);
    }
    const kept = await runInDurableObject(await moduleObject(app.user), (_, { storage: { sql } }) =>
      Number(sql.exec("SELECT sum(length(answer) + length(json)) AS kept FROM events").one().kept),
    );
    expect(kept).toBeLessThan(8_000_000);
  });
});

describe("cleanup", () => {
  it("takes the attachments of a document along that was deleted from the start", async () => {
    const app = await createUserWithApp("todos:rw");
    const frames = await FrameSocket.open(socketPath(app));
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const attachment = { digest: "d", length: 3, type: "a/b", data: "AAAA" };
    const document = storageDocument(todo("a"), {
      _deleted: true,
      _attachments: { file: attachment },
    });
    expect((await frames.call(bulkWriteFrame(document))).return).toEqual({ error: [] });
    advanceClock(SECOND_MS);
    expect((await frames.call({ method: "cleanup", params: [0] })).return).toBe(true);
    const { attachments, collections } = await moduleRows(app.user);
    expect(attachments).toEqual([]);
    expect(collections).toMatchObject([{ bytes: 0 }]);
  });

  it("holds no more at once than the object can, and goes on when it is asked again", async () => {
    const frames = await FrameSocket.open(socketPath(await createUserWithApp("todos:rw")));
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    const title = "x".repeat(1_000_000);
    const documents = Array.from({ length: 10 }, (_, i) =>
      storageDocument({ ...todo(`${i}`), title }, { _deleted: true }),
    );
    expect((await frames.call(bulkWriteFrame(...documents))).return).toEqual({ error: [] });
    advanceClock(SECOND_MS);
    expect((await frames.call({ method: "cleanup", params: [0] })).return).toBe(false);
    expect((await frames.call({ method: "cleanup", params: [0] })).return).toBe(true);
  });
});

describe("An index that is wanted later", () => {
  it("counts, and is refused to who only reads, and where there is no room", async () => {
    const person = await createUser();
    const app = await connectApp(person, "todos:rw");
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(socketPath(app));
    await frames.call({ method: "create", params: createParams(name) });
    await frames.call(
      bulkWriteFrame(...Array.from({ length: 100 }, (_, i) => storageDocument(todo(`d${i}`)))),
    );
    const reader = await connectApp(person, "todos:r");
    const other = await connectApp(person, "todos:rw");
    const schema = structuredClone(TODOS) as never as {
      properties: Record<string, object>;
      indexes: unknown[];
    };
    schema.properties.title = { type: "string", maxLength: 8000 };
    schema.indexes = ["title", ["title", "done"], ["title", "rank"]];
    const r = await FrameSocket.open(socketPath(reader));
    const { return: reading } = await r.call({ method: "custom", params: "whoami" });
    expect(reading).toMatchObject({ access: "r" });
    const wish = { connectionId: "reader", method: "create", params: createParams(name, schema) };
    expect((await r.call(wish)).error?.code).toBe("insufficient-scope");
    const o = await FrameSocket.open(socketPath(other));
    expect((await o.call(wish)).return).toBe("ok");
    expect((await r.call(wish)).return).toBe("ok");
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
    const more = await o.call({
      connectionId: "more",
      method: "create",
      params: createParams(name, schema),
    });
    expect(more.error?.code).toBe("over-quota");
    expect(await bytesIn()).toBe(held);
  });
});

/** Sockets on one collection. */
async function openOnOneCollection(doors: string[]): Promise<FrameSocket[]> {
  const name = uniqueDatabaseName();
  return Promise.all(
    doors.map(async (door) => {
      const frames = await FrameSocket.open(door);
      await frames.call({ method: "create", params: createParams(name) });
      return frames;
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

describe("What a module has reserved is never less than what it holds", () => {
  it("though two writes ask for room at once", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a, b] = (await openOnOneCollection([socketPath(app), socketPath(app)])) as [
      FrameSocket,
      FrameSocket,
    ];
    const answers = await Promise.all([
      a.call(bulkWriteFrame(...["1", "2", "3", "4"].map(largeDocument))),
      b.call(bulkWriteFrame(storageDocument(todo("small")))),
    ]);
    expect(answers.map((answer) => answer.return)).toEqual([{ error: [] }, { error: [] }]);
    expect(await reservedIn(app.user, "todos")).toBeGreaterThanOrEqual(await bytesOf(app));
  });

  it("though room is given back while a write asks for more", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a] = (await openOnOneCollection([socketPath(app)])) as [FrameSocket];
    await a.call(bulkWriteFrame(storageDocument(todo("small"))));
    const write = a.call(bulkWriteFrame(...["1", "2", "3", "4"].map(largeDocument)));
    await runDurableObjectAlarm(await moduleObject(app.user));
    expect((await write).return).toEqual({ error: [] });
    expect(await reservedIn(app.user, "todos")).toBeGreaterThanOrEqual(await bytesOf(app));
  });

  it("though a client comes with indexes that are new", async () => {
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
    await waitUntil(async () => (await reservedIn(app.user, "todos")) >= (await bytesOf(app)));
  });
});

const documentWithAttachment = (id: string, bytes: number, fields: object = {}): object => {
  const data = Buffer.alloc(bytes, id).toString("base64");
  const scan = { data, digest: `digest-${id}`, length: bytes, type: "image/png" };
  return storageDocument(todo(id), { _attachments: { scan }, ...fields });
};

describe("A write with large attachments", () => {
  it("that is sent again while it is under way is answered once and the same", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createSession(app));
    const [first] = (await openOnOneCollection([path])) as [FrameSocket];
    const write = { ...bulkWriteFrame(documentWithAttachment("a", 1_500_000)), requestId: "once" };
    const second = await FrameSocket.open(path);
    const answers = await Promise.all([first.call(write), second.call({ ...write, retry: true })]);
    expect(answers.map((answer) => answer.return)).toContainEqual({ error: [] });
    expect(answers[1]?.return).toEqual({ error: [] });
  });

  it("that is a conflict puts nothing into R2", async () => {
    const app = await createUserWithApp("todos:rw");
    const [a] = (await openOnOneCollection([socketPath(app)])) as [FrameSocket];
    await a.call(bulkWriteFrame(documentWithAttachment("a", 1_500_000)));
    const before = await attachmentKeys(app.user);
    expect(before).toHaveLength(1);
    const answer = await a.call(
      bulkWriteFrame(documentWithAttachment("a", 1_600_000, { _rev: "1-b" })),
    );
    expect(answer.return).toMatchObject({ error: [{ status: 409, documentId: "a" }] });
    expect(await attachmentKeys(app.user)).toEqual(before);
  });
});
