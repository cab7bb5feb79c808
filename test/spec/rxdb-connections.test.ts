/** Connections of RxDB apps outlive their sockets, and hibernation and restarts of the object. */

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, SECOND_MS, shortenTimers } from "../support/clock";
import { appWithTokens, obtainTokens, parseTokens, refreshTokens } from "../support/oauth";
import { connectApp, createUser, createUserWithApp, type TestApp } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { enlargeTodos, moduleObject } from "../support/rxdb/module-rows";
import { Network } from "../support/rxdb/network";
import { openTodos, watchQuery } from "../support/rxdb/open-todos";
import {
  createRxdbSession,
  type RxdbSession,
  requestSession,
  sessionPath,
} from "../support/rxdb/sessions";
import {
  bulkWriteFrame,
  createParams,
  eventBulksIn,
  FrameSocket,
  openSocket,
  socketPath,
} from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  prepareMango,
  queryIds,
  type StorageInstance,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { idsOf, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";
import { socketOrigin } from "../support/urls";

const CREDENTIALS: [string, (app: TestApp) => Promise<string>][] = [
  ["a token", async (app) => socketPath(app)],
  ["a session", async (app) => sessionPath(await createRxdbSession(app))],
];

const countCreates = ({ sent }: Network): number =>
  sent.filter((frame) => JSON.parse(frame).method === "create").length;

describe.each(CREDENTIALS)("A client that connected with %s", (_, pathFor) => {
  it("gets the events that it has missed after its socket has died, without RxDB noticing", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await pathFor(app));
    const name = uniqueDatabaseName();
    const { database, todos } = await openTodos(createClient(network), name);
    const other = await openTodos(createClient(socketPath(app)), name);
    const live = watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
    await todos.bulkInsert([todo("a"), todo("b")]);
    await waitUntil(() => live.ids.length === 2);
    const before = countCreates(network);
    for (let round = 0; round < 3; round++) {
      network.disconnect();
      await other.todos.insert(todo(`missed ${round}`));
      await other.todos.upsert(todo("b", { rank: round }));
      const sent = todos.insert(todo(`sent ${round}`));
      await network.reconnect();
      await sent;
      await waitUntil(() => live.ids.length === 2 + 2 * (round + 1));
      expect(live.documents.find(({ id }) => id === "b")?.rank).toBe(round);
    }
    await other.todos.insert(todo("z"));
    await waitUntil(() => live.ids.at(-1) === "z");
    expect(countCreates(network)).toBe(before);
    expect(new Set(network.eventBulks.map(({ id }) => id)).size).toBeGreaterThanOrEqual(10);
    await Promise.all([database.close(), other.database.close()]);
  });

  it("does not notice that the object hibernates", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await pathFor(app));
    const name = uniqueDatabaseName();
    const { database, todos } = await openTodos(createClient(network), name);
    const other = await openTodos(createClient(socketPath(app)), name);
    const live = watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
    await waitUntil(() => live.count > 0);
    const object = await moduleObject(app.user);
    for (const id of ["a", "b", "c"]) {
      await evictDurableObject(object);
      await other.todos.insert(todo(id));
      await waitUntil(() => live.ids.at(-1) === id);
      await evictDurableObject(object);
      await (await todos.findOne(id).exec(true)).patch({ done: true });
      await waitUntil(async () => !!(await other.todos.findOne(id).exec(true)).done);
    }
    expect(network.closeCodes).toEqual([]);
    expect(countCreates(network)).toBe(2);
    await Promise.all([database.close(), other.database.close()]);
  });

  it("loses nothing when the object restarts", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await pathFor(app));
    const name = uniqueDatabaseName();
    const { todos } = await openTodos(createClient(network), name);
    const otherNetwork = new Network(socketPath(app));
    const other = await openTodos(createClient(otherNetwork), name);
    const live = watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
    for (const id of ["a", "b", "c"]) {
      await other.todos.insert(todo(id));
      await abortAllDurableObjects();
      await otherNetwork.reconnect();
      await other.todos.insert(todo(`${id} after`));
      await network.reconnect();
      await todos.insert(todo(`${id} of mine`));
    }
    await waitUntil(() => live.ids.length === 9);
    expect(idsOf(await other.todos.find({ sort: [{ id: "asc" }] }).exec())).toEqual(live.ids);
  });
});

describe.each(CREDENTIALS)("Two clients that share %s", (_, pathFor) => {
  it("both get all events after their sockets have died, even if they only listen", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const path = await pathFor(app);
    const name = uniqueDatabaseName();
    const networks = [new Network(path), new Network(path)];
    const lives = await Promise.all(
      networks.map(async (network) => {
        const { todos } = await openTodos(createClient(network), name);
        return watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
      }),
    );
    const other = await openTodos(createClient(sessionPath(await createRxdbSession(app))), name);
    await other.todos.insert(todo("a"));
    await waitUntil(() => lives.every(({ ids }) => ids.length === 1));
    for (const network of networks) network.disconnect();
    await other.todos.insert(todo("b"));
    for (const network of networks) await network.reconnect();
    await other.todos.insert(todo("c"));
    await waitUntil(() => lives.every(({ ids }) => String(ids) === "a,b,c"));
    await evictDurableObject(await moduleObject(app.user));
    await other.todos.insert(todo("d"));
    await waitUntil(() => lives.every(({ ids }) => String(ids) === "a,b,c,d"));
  });
});

describe("A client that reconnects", () => {
  it("after the events it has missed were deleted is told to open the database again", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(sessionPath(await createRxdbSession(app)));
    const name = uniqueDatabaseName();
    const { todos } = await openTodos(createClient(network), name);
    const other = await openTodos(createClient(socketPath(app)), name);
    network.disconnect();
    await other.todos.insert(todo("missed"));
    advanceClock(30 * MINUTE_MS);
    await other.todos.insert(todo("later"));
    await runDurableObjectAlarm(await moduleObject(app.user));
    await network.reconnect();
    await expect(todos.find().exec()).rejects.toThrow("events-lost");
    await expect(todos.insert(todo("mine"))).rejects.toThrow("events-lost");
    const again = await openTodos(createClient(network), name);
    expect(idsOf(await again.todos.find({ sort: [{ id: "asc" }] }).exec())).toEqual([
      "later",
      "missed",
    ]);
    const live = watchQuery(again.todos.find({ sort: [{ id: "asc" }] }) as never);
    await other.todos.insert(todo("next"));
    await waitUntil(() => live.ids.length === 3);
  });

  it("is told so, too, if it has missed the only change that there ever was", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(sessionPath(await createRxdbSession(app)));
    const name = uniqueDatabaseName();
    const mine = await openStorageInstance(createClient(network), name);
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    network.disconnect();
    await insertDocuments(other, storageDocument(todo("missed")));
    advanceClock(11 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    await network.reconnect();
    await expect(mine.count({} as never)).rejects.toThrow("events-lost");
  });

  it("is told so, too, after more events than are kept", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(sessionPath(await createRxdbSession(app)));
    const name = uniqueDatabaseName();
    const mine = await openStorageInstance(createClient(network), name);
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    const documents = [..."abcde"].map((id) => storageDocument(todo(id)));
    await insertDocuments(other, ...documents);
    await enlargeTodos(app.user, 1_900_000);
    network.disconnect();
    // Their events have the large documents that were there before.
    for (const previous of documents) {
      const rows = [{ previous, document: { ...previous, _rev: "2-a" } }];
      expect((await other.bulkWrite(rows as never, "x")).error).toEqual([]);
    }
    await network.reconnect();
    await expect(mine.count({} as never)).rejects.toThrow("events-lost");
  });

  it("is told so, too, after larger answers than are kept with the events", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(sessionPath(await createRxdbSession(app)));
    const name = uniqueDatabaseName();
    const mine = await openStorageInstance(createClient(network), name);
    const other = await FrameSocket.open(socketPath(app));
    await other.call({ method: "create", params: createParams(name) });
    await other.call(bulkWriteFrame(storageDocument(todo("large"))));
    await enlargeTodos(app.user, 1_500_000);
    network.disconnect();
    // Each inserts one document, and gets a conflict with an existing one.
    for (let i = 0; i < 6; i++) {
      await other.call(
        bulkWriteFrame(
          storageDocument(todo("large"), { _rev: "1-b" }),
          storageDocument(todo(`${i}`)),
        ),
      );
    }
    await network.reconnect();
    await expect(mine.count({} as never)).rejects.toThrow("events-lost");
  });

  it("continues if nothing was written, however long it was away", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(sessionPath(await createRxdbSession(app)));
    const name = uniqueDatabaseName();
    const { todos } = await openTodos(createClient(network), name);
    const other = await openTodos(createClient(socketPath(app)), name);
    const live = watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
    await other.todos.insert(todo("a"));
    await waitUntil(() => live.ids.length === 1);
    network.disconnect();
    advanceClock(30 * MINUTE_MS);
    await network.reconnect();
    await other.todos.insert(todo("b"));
    await waitUntil(() => live.ids.length === 2);
    expect(await todos.count().exec()).toBe(2);
  });

  it("gets exactly the events after the last one that it had", async () => {
    const app = await createUserWithApp("todos:rw");
    const session = await createRxdbSession(app);
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(sessionPath(session));
    await frames.call({ method: "create", params: createParams(name) });
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    for (const id of ["a", "b", "c", "d"]) await insertDocuments(other, storageDocument(todo(id)));
    await waitUntil(() => frames.eventBulks.length === 4);
    const ids = frames.eventBulks.map(({ id }) => id);
    expect(ids).toEqual(
      [...ids].sort((a, b) => Number(a.split("-").at(-1)) - Number(b.split("-").at(-1))),
    );
    frames.webSocket.close();
    await insertDocuments(other, storageDocument(todo("e")));
    const again = await FrameSocket.open(`${sessionPath(session)}&after=${ids[1]}`);
    await again.call({ method: "findDocumentsById", params: [["e"], false] });
    const events = again.eventBulks.flatMap((bulk) => bulk.events as { documentId: string }[]);
    expect(events.map(({ documentId }) => documentId)).toEqual(["c", "d", "e"]);
    expect(again.eventBulks.slice(0, 2)).toEqual(frames.eventBulks.slice(2));
  });

  it("gets long texts unchanged, even if a surrogate pair is at a boundary", async () => {
    const app = await createUserWithApp("todos:rw");
    const session = await createRxdbSession(app);
    const frames = await FrameSocket.open(sessionPath(session));
    await frames.call({ method: "create", params: createParams(uniqueDatabaseName()) });
    // Surrogate pairs that begin at even positions, and at odd ones.
    for (const first of ["", "-"]) {
      const title = first + "\u{1f600}".repeat(300_000);
      await frames.call(bulkWriteFrame(storageDocument(todo(`a${first.length}`, { title }))));
    }
    const none = frames.eventBulks[0]?.id.replace(/\d+$/, "0");
    const again = await FrameSocket.open(`${sessionPath(session)}&after=${none}`);
    await again.call({ method: "findDocumentsById", params: [["a"], false] });
    expect(again.eventBulks).toHaveLength(2);
    expect(again.eventBulks.map(({ events }) => events)).toEqual(
      frames.eventBulks.map(({ events }) => events),
    );
  });

  it("is told when another client removes its collection, in a frame that RxDB ignores", async () => {
    const owner = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(socketPath(owner));
    await frames.call({ method: "create", params: createParams(name) });
    await (await openStorageInstance(createClient(socketPath(owner)), name)).remove();
    await waitUntil(() => frames.answers.some(({ answerTo }) => answerTo === "removed"));
    const told = frames.answers.find(({ answerTo }) => answerTo === "removed");
    expect(told).toMatchObject({ connectionId: "c", method: "remove", error: { code: "removed" } });
  });

  it("with a checkpoint of a removed collection gets the new one from the start", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const mine = await openStorageInstance(createClient(socketPath(app)), name);
    await insertDocuments(mine, storageDocument(todo("a")), storageDocument(todo("b")));
    const changesOf = async (instance: StorageInstance, since?: unknown) =>
      instance.getChangedDocumentsSince?.(10, since);
    const { checkpoint } = (await changesOf(mine)) ?? {};
    expect((await changesOf(mine, checkpoint))?.documents).toEqual([]);
    await mine.remove();
    const anew = await openStorageInstance(createClient(socketPath(app)), name);
    await insertDocuments(anew, storageDocument(todo("c")));
    const { documents } = (await changesOf(anew, checkpoint)) ?? {};
    expect(idsOf(documents as never)).toEqual(["c"]);
  });
});

describe("A client whose socket has died without being closed", () => {
  /** A client with a live query that shows "a", which was changed long ago and just now. */
  async function listening() {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(socketPath(app));
    const name = uniqueDatabaseName();
    const { todos } = await openTodos(createClient(network), name);
    const other = await openTodos(createClient(sessionPath(await createRxdbSession(app))), name);
    const live = watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never);
    await other.todos.insert(todo("a", { rank: 1 }));
    await waitUntil(() => live.ids.length === 1);
    advanceClock(5 * MINUTE_MS);
    await other.todos.upsert(todo("a", { rank: 2 }));
    await waitUntil(() => live.documents[0]?.rank === 2);
    const ranks = () => live.documents.map(({ id, rank }) => `${id} ${rank}`).join();
    return { app, network, todos, other, live, ranks };
  }

  it("gets the events that it has missed, and all others, on its next one, even if it only listens", async () => {
    shortenTimers();
    const { network, other, live, ranks } = await listening();
    network.loseSockets();
    await other.todos.insert(todo("b"));
    await network.reconnect();
    await waitUntil(() => live.ids.length === 2);
    await other.todos.insert(todo("c"));
    await waitUntil(() => live.ids.length === 3);
    expect(ranks()).toBe("a 2,b 1,c 1");
  });

  it("gets them when it calls a method, and no older document than it had", async () => {
    const { network, todos, other, ranks } = await listening();
    network.loseSockets();
    await other.todos.insert(todo("b"));
    await network.reconnect();
    await todos.insert(todo("c"));
    await waitUntil(() => ranks() === "a 2,b 1,c 1");
  });

  it("gets them, too, if it was not heard of for longer than events are kept", async () => {
    shortenTimers();
    const { app, network, todos, other, live } = await listening();
    advanceClock(30 * MINUTE_MS);
    await runDurableObjectAlarm(await moduleObject(app.user));
    await evictDurableObject(await moduleObject(app.user));
    network.loseSockets();
    await other.todos.insert(todo("b"));
    await network.reconnect();
    await waitUntil(() => live.ids.length === 2);
    expect(await todos.count().exec()).toBe(2);
  });

  it("is looked for on a silent socket only: a client with the same URL that calls methods gets its own events", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const mine = await openStorageInstance(createClient(socketPath(app)), name);
    const network = new Network(socketPath(app));
    const theirs = await openStorageInstance(createClient(network), name);
    const silent = await FrameSocket.open(socketPath(app));
    await insertDocuments(mine, storageDocument(todo("a")));
    await waitUntil(() => silent.eventBulks.length === 2);
    await theirs.count(prepareMango(theirs, {}));
    expect(network.eventBulks).toHaveLength(1);
  });
});

describe("A client that only listens", () => {
  async function listening() {
    const person = await createUser();
    const tokens = await obtainTokens(person, "todos:rw");
    const app = appWithTokens(person, tokens);
    const session = await createRxdbSession(app);
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(sessionPath(session));
    await frames.call({ method: "create", params: createParams(name) });
    const writer = await openStorageInstance(
      createClient(socketPath(await connectApp(person, "todos:rw"))),
      name,
    );
    await insertDocuments(writer, storageDocument(todo("a")));
    await waitUntil(() => frames.eventBulks.length === 1);
    const extendSession = async () => {
      const fresh = await parseTokens(await refreshTokens(tokens.refresh_token));
      const body = { session: session.session };
      const response = await requestSession(appWithTokens(person, fresh), "todos", { body });
      expect(((await response.json()) as RxdbSession).session).toBe(session.session);
    };
    return { session, frames, writer, extendSession, lifetimeMs: tokens.expires_in * SECOND_MS };
  }

  it("keeps getting events when its session is extended in time", async () => {
    const { frames, writer, extendSession, lifetimeMs } = await listening();
    advanceClock(lifetimeMs / 2);
    await extendSession();
    advanceClock(lifetimeMs / 2 + MINUTE_MS);
    await insertDocuments(writer, storageDocument(todo("b")));
    await waitUntil(() => frames.eventBulks.length === 2);
    expect(frames.closed).toBeNull();
  });

  it("is disconnected when its session has expired, and gets what it has missed later", async () => {
    shortenTimers();
    const { session, frames, writer, extendSession, lifetimeMs } = await listening();
    advanceClock(lifetimeMs + MINUTE_MS);
    await insertDocuments(writer, storageDocument(todo("b")));
    await waitUntil(() => frames.closed !== null);
    expect(frames.closed).toEqual({ code: 4401, reason: "unauthorized" });
    expect(frames.eventBulks).toHaveLength(1);
    await extendSession();
    const again = await FrameSocket.open(sessionPath(session));
    await waitUntil(() => again.eventBulks.length === 1);
    expect(again.eventBulks[0]?.events).toMatchObject([{ documentId: "b" }]);
  });
});

describe("A write whose answer was lost", () => {
  async function openCollection() {
    const app = await createUserWithApp("todos:rw");
    const path = sessionPath(await createRxdbSession(app));
    const name = uniqueDatabaseName();
    const frames = await FrameSocket.open(path);
    await frames.call({ method: "create", params: createParams(name) });
    const other = await openStorageInstance(createClient(socketPath(app)), name);
    return { app, path, name, frames, other };
  }

  it("is answered as before if it was applied, and not applied twice", async () => {
    const { path, frames, other } = await openCollection();
    const write = {
      ...bulkWriteFrame(storageDocument(todo("a")), storageDocument(todo("b"))),
      requestId: "once",
    };
    const first = await frames.call(write);
    expect(first.return).toEqual({ error: [] });
    frames.webSocket.close();
    await insertDocuments(other, storageDocument(todo("c")));
    const again = await FrameSocket.open(path);
    const second = await again.call({ ...write, retry: true });
    expect(second).toEqual(first);
    expect(await queryIds(other)).toHaveLength(3);
    // Without `retry` it is a new write.
    const third = await again.call({ ...write, requestId: "twice" });
    expect((third.return as { error: object[] }).error).toHaveLength(2);
    expect((third.return as { error: { status: number }[] }).error[0]?.status).toBe(409);
  });

  it("is answered as before if it was rejected in part, even if it would succeed now", async () => {
    shortenTimers();
    const { app, path, frames, other } = await openCollection();
    await insertDocuments(other, storageDocument(todo("a")));
    const write = {
      ...bulkWriteFrame(storageDocument(todo("a"), { _rev: "1-b" }), storageDocument(todo("b"))),
      requestId: "once",
    };
    const first = await frames.call(write);
    expect((first.return as { error: object[] }).error).toMatchObject([
      { status: 409, documentId: "a" },
    ]);
    frames.webSocket.close();
    await evictDurableObject(await moduleObject(app.user));
    const again = await FrameSocket.open(path);
    const second = await again.call({ ...write, retry: true });
    expect((second.return as { error: object[] }).error).toMatchObject([
      { status: 409, documentId: "a" },
    ]);
    expect((second.return as { error: object[] }).error).toHaveLength(1);
    expect(await queryIds(other)).toHaveLength(2);
  });

  it("is applied if it was not", async () => {
    const { path, frames, other } = await openCollection();
    frames.webSocket.close();
    const again = await FrameSocket.open(path);
    const write = {
      ...bulkWriteFrame(storageDocument(todo("a"))),
      requestId: "never seen",
      retry: true,
    };
    expect((await again.call(write)).return).toEqual({ error: [] });
    expect(await queryIds(other)).toEqual(["a"]);
  });

  it("is remembered when the object has restarted", async () => {
    const { app, path, frames, other } = await openCollection();
    const write = { ...bulkWriteFrame(storageDocument(todo("a"))), requestId: "once" };
    const first = await frames.call(write);
    await abortAllDurableObjects();
    const again = await FrameSocket.open(path);
    expect(await again.call({ ...write, retry: true })).toEqual(first);
    const fresh = await openStorageInstance(createClient(socketPath(app)), other.databaseName);
    expect(await queryIds(fresh)).toEqual(["a"]);
  });
});

describe("A socket", () => {
  it("answers a ping", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await openSocket(socketPath(app));
    const pong = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
    });
    socket.send("ping");
    expect(await pong).toBe("pong");
  });

  it("serves many collections, each with its own live query, across hibernation", async () => {
    shortenTimers();
    const app = await createUserWithApp("todos:rw");
    const own = createClient(sessionPath(await createRxdbSession(app)));
    const names = Array.from({ length: 20 }, uniqueDatabaseName);
    const instances = await Promise.all(names.map((name) => openStorageInstance(own, name)));
    const events = instances.map((instance) => {
      const ids: string[] = [];
      instance
        .changeStream()
        .subscribe(({ events }) => ids.push(...events.map((e) => e.documentId)));
      return ids;
    });
    await evictDurableObject(await moduleObject(app.user));
    await Promise.all(
      instances.map((instance, i) => insertDocuments(instance, storageDocument(todo(`in ${i}`)))),
    );
    expect(events).toEqual(names.map((_, i) => [`in ${i}`]));
  });

  it("gets events and answers in one order: a query knows all that was written before its answer, and no more", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = uniqueDatabaseName();
    const [reader, writer] = [
      await FrameSocket.open(socketPath(app)),
      await FrameSocket.open(socketPath(app)),
    ];
    const own = { connectionId: "writer" };
    await reader.call({ method: "create", params: createParams(name) });
    await writer.call({ ...own, method: "create", params: createParams(name) });
    const mine = await openStorageInstance(createClient(socketPath(app)), name);
    // It is slow, because it has to match much text.
    const slow = prepareMango(mine, { selector: { title: { $regex: "(x+y?)+$" } } });
    const title = "x".repeat(20_000);
    const data = Buffer.alloc(1_100_000, 1).toString("base64");
    const attachment = { data, digest: "sha256-x", length: 1_100_000, type: "text/plain" };
    for (let i = 0; i < 20; i++) {
      // Some have to wait for R2.
      const fields = i % 7 === 3 ? { _attachments: { a: attachment } } : {};
      writer.send({
        ...own,
        requestId: `w${i}`,
        ...bulkWriteFrame(storageDocument(todo(`${i}`, { title }), fields)),
      });
      reader.send({ requestId: `r${i}`, method: "query", params: [slow] });
    }
    await waitUntil(() => writer.answers.some(({ answerTo }) => answerTo === "w19"), 30_000);
    reader.send({ requestId: "last", method: "query", params: [slow] });
    await waitUntil(() => reader.answers.some(({ answerTo }) => answerTo === "last"), 30_000);
    const known: string[] = [];
    for (const answer of reader.answers.slice(1)) {
      for (const { events } of eventBulksIn([answer]))
        for (const event of events) known.push((event as { documentId: string }).documentId);
      if (answer.method !== "query") continue;
      const { documents } = answer.return as { documents: { id: string }[] };
      expect(idsOf(documents).sort()).toEqual([...known].sort());
    }
    expect(known).toHaveLength(20);
  });

  it("gets an error that says what to do if it uses a connection that was not created", async () => {
    const frames = await FrameSocket.open(socketPath(await createUserWithApp("todos:rw")));
    const answer = await frames.call({ connectionId: "unheard of", method: "query", params: [{}] });
    expect(answer.error).toMatchObject({ name: "SatchelError", code: "unknown-connection" });
    expect(answer).not.toHaveProperty("return");
  });
});

describe("A session", () => {
  it("is created with the app's token, and opens a socket without it", async () => {
    const app = await createUserWithApp("todos:rw");
    const response = await requestSession(app, "todos", {
      headers: { Origin: "https://app.example" },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("cache-control")).toContain("no-store");
    const session = (await response.json()) as RxdbSession;
    expect(session.url).toBe(
      `${socketOrigin(app.user)}/rxdb/${app.user}/todos?session=${session.session}`,
    );
    expect(session.expiresAt).toBeNull();
    const { database, todos } = await openTodos(
      createClient(sessionPath(session)),
      uniqueDatabaseName(),
    );
    await todos.insert(todo("a"));
    await database.close();
  });

  it("is resumed by the same grant, but not by another one", async () => {
    const person = await createUser();
    const app = await connectApp(person, "todos:rw");
    const other = await connectApp(person, "todos:r");
    const first = await createRxdbSession(app);
    const ask = async (of: TestApp): Promise<RxdbSession> =>
      (await requestSession(of, "todos", { body: { session: first.session } })).json();
    expect((await ask(app)).session).toBe(first.session);
    expect((await ask(other)).session).not.toBe(first.session);
    expect((await createRxdbSession(app)).session).not.toBe(first.session);
  });

  it("opens no other module, and no other user's", async () => {
    const [app, other] = [await createUserWithApp("*:rw"), await createUserWithApp("*:rw")];
    const path = sessionPath(await createRxdbSession(app));
    for (const url of [path.replace("/todos", "/notes"), path.replace(app.user, other.user)]) {
      await expect(openTodos(createClient(url), uniqueDatabaseName())).rejects.toThrow(
        "unauthorized",
      );
    }
  });
});
