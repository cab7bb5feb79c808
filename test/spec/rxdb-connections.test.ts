/** Connections of RxDB apps: they outlive sockets, sleep and the end of the object that holds them. */

import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { appWith, refresh, tokensIn, tokensOf } from "../support/oauth";
import {
  askForSession,
  client,
  creation,
  dial,
  doorOf,
  Frames,
  found,
  freshDatabase,
  type Instance,
  idsOf,
  Network,
  objectOf,
  openInstance,
  openTodos,
  pathOfSession,
  put,
  type Session,
  sessionOf,
  stored,
  todo,
  until,
  watch,
  writing,
} from "../support/rxdb";
import { connectApp, createUser, createUserWithApp, type TestApp } from "../support/provider";

const DOORS: [string, (app: TestApp) => Promise<string>][] = [
  ["a token", async (app) => doorOf(app)],
  ["a session", async (app) => pathOfSession(await sessionOf(app))],
];

const creates = ({ sent }: Network): number =>
  sent.filter((frame) => JSON.parse(frame).method === "create").length;

describe.each(DOORS)("A client that came by %s", (_, door) => {
  it("and whose socket dies goes on with what it has missed, without a word of RxDB about it", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await door(app));
    const name = freshDatabase();
    const { database, todos } = await openTodos(client(network), name);
    const other = await openTodos(client(doorOf(app)), name);
    const live = watch(todos.find({ sort: [{ id: "asc" }] }) as never);
    await todos.bulkInsert([todo("a"), todo("b")]);
    await until(() => live.ids.length === 2);
    const before = creates(network);
    for (let round = 0; round < 3; round++) {
      network.cut();
      await other.todos.insert(todo(`missed ${round}`));
      await other.todos.upsert(todo("b", { rank: round }));
      const sent = todos.insert(todo(`sent ${round}`));
      await network.mend();
      await sent;
      await until(() => live.ids.length === 2 + 2 * (round + 1));
      expect(live.documents.find(({ id }) => id === "b")?.rank).toBe(round);
    }
    await other.todos.insert(todo("z"));
    await until(() => live.ids.at(-1) === "z");
    expect(creates(network)).toBe(before);
    expect(new Set(network.bulks.map(({ id }) => id)).size).toBeGreaterThanOrEqual(10);
    await Promise.all([database.close(), other.database.close()]);
  });

  it("does not notice that the object sleeps", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await door(app));
    const name = freshDatabase();
    const { database, todos } = await openTodos(client(network), name);
    const other = await openTodos(client(doorOf(app)), name);
    const live = watch(todos.find({ sort: [{ id: "asc" }] }) as never);
    await until(() => live.count > 0);
    const object = await objectOf(app.user);
    for (const id of ["a", "b", "c"]) {
      await evictDurableObject(object);
      await other.todos.insert(todo(id));
      await until(() => live.ids.at(-1) === id);
      await evictDurableObject(object);
      await (await todos.findOne(id).exec(true)).patch({ done: true });
      await until(async () => !!(await other.todos.findOne(id).exec(true)).done);
    }
    expect(network.closed).toEqual([]);
    expect(creates(network)).toBe(2);
    await Promise.all([database.close(), other.database.close()]);
  });

  it("loses nothing when the object dies in the middle", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(await door(app));
    const name = freshDatabase();
    const { todos } = await openTodos(client(network), name);
    const elsewhere = new Network(doorOf(app));
    const other = await openTodos(client(elsewhere), name);
    const live = watch(todos.find({ sort: [{ id: "asc" }] }) as never);
    for (const id of ["a", "b", "c"]) {
      await other.todos.insert(todo(id));
      await abortAllDurableObjects();
      await elsewhere.mend();
      await other.todos.insert(todo(`${id} after`));
      await network.mend();
      await todos.insert(todo(`${id} of mine`));
    }
    await until(() => live.ids.length === 9);
    expect(idsOf(await other.todos.find({ sort: [{ id: "asc" }] }).exec())).toEqual(live.ids);
  });
});

describe.each(DOORS)("Two clients that share %s", (_, door) => {
  it("and lose their sockets both go on, though they only listen", async () => {
    const app = await createUserWithApp("todos:rw");
    const path = await door(app);
    const name = freshDatabase();
    const networks = [new Network(path), new Network(path)];
    const lives = await Promise.all(
      networks.map(async (network) => {
        const { todos } = await openTodos(client(network), name);
        return watch(todos.find({ sort: [{ id: "asc" }] }) as never);
      }),
    );
    const other = await openTodos(client(pathOfSession(await sessionOf(app))), name);
    await other.todos.insert(todo("a"));
    await until(() => lives.every(({ ids }) => ids.length === 1));
    for (const network of networks) network.cut();
    await other.todos.insert(todo("b"));
    for (const network of networks) await network.mend();
    await other.todos.insert(todo("c"));
    await until(() => lives.every(({ ids }) => String(ids) === "a,b,c"));
    await evictDurableObject(await objectOf(app.user));
    await other.todos.insert(todo("d"));
    await until(() => lives.every(({ ids }) => String(ids) === "a,b,c,d"));
  });
});

describe("A client that comes back", () => {
  it("after more than the log of events keeps is told to open the database anew", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(pathOfSession(await sessionOf(app)));
    const name = freshDatabase();
    const { todos } = await openTodos(client(network), name);
    const other = await openTodos(client(doorOf(app)), name);
    network.cut();
    await other.todos.insert(todo("missed"));
    advanceClock(30 * MINUTE_MS);
    await other.todos.insert(todo("later"));
    await runDurableObjectAlarm(await objectOf(app.user));
    await network.mend();
    await expect(todos.find().exec()).rejects.toThrow("events-lost");
    await expect(todos.insert(todo("mine"))).rejects.toThrow("events-lost");
    const again = await openTodos(client(network), name);
    expect(idsOf(await again.todos.find({ sort: [{ id: "asc" }] }).exec())).toEqual([
      "later",
      "missed",
    ]);
    const live = watch(again.todos.find({ sort: [{ id: "asc" }] }) as never);
    await other.todos.insert(todo("next"));
    await until(() => live.ids.length === 3);
  });

  it("after more events than are kept is told so too", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(pathOfSession(await sessionOf(app)));
    const name = freshDatabase();
    const mine = await openInstance(client(network), name);
    const other = await openInstance(client(doorOf(app)), name);
    network.cut();
    const title = "x".repeat(900_000);
    for (let i = 0; i < 10; i++) await put(other, stored({ ...todo(`large ${i}`), title }));
    await network.mend();
    await expect(mine.count({} as never)).rejects.toThrow("events-lost");
  });

  it("after larger answers than are kept with the events, too", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(pathOfSession(await sessionOf(app)));
    const name = freshDatabase();
    const mine = await openInstance(client(network), name);
    const other = await Frames.open(doorOf(app));
    await other.ask({ method: "create", params: creation(name) });
    const title = "x".repeat(1_500_000);
    await other.ask(writing(stored({ ...todo("large"), title })));
    network.cut();
    // Each makes one document, and is told of one that is there.
    for (let i = 0; i < 6; i++) {
      await other.ask(writing(stored(todo("large"), { _rev: "1-b" }), stored(todo(`${i}`))));
    }
    await network.mend();
    await expect(mine.count({} as never)).rejects.toThrow("events-lost");
  });

  it("after a long time in which nothing was written just goes on", async () => {
    const app = await createUserWithApp("todos:rw");
    const network = new Network(pathOfSession(await sessionOf(app)));
    const name = freshDatabase();
    const { todos } = await openTodos(client(network), name);
    const other = await openTodos(client(doorOf(app)), name);
    const live = watch(todos.find({ sort: [{ id: "asc" }] }) as never);
    await other.todos.insert(todo("a"));
    await until(() => live.ids.length === 1);
    network.cut();
    advanceClock(30 * MINUTE_MS);
    await network.mend();
    await other.todos.insert(todo("b"));
    await until(() => live.ids.length === 2);
    expect(await todos.count().exec()).toBe(2);
  });

  it("with the last event it had gets those after it, and no other", async () => {
    const app = await createUserWithApp("todos:rw");
    const session = await sessionOf(app);
    const name = freshDatabase();
    const frames = await Frames.open(pathOfSession(session));
    await frames.ask({ method: "create", params: creation(name) });
    const other = await openInstance(client(doorOf(app)), name);
    for (const id of ["a", "b", "c", "d"]) await put(other, stored(todo(id)));
    await until(() => frames.bulks.length === 4);
    const ids = frames.bulks.map(({ id }) => id);
    expect(ids).toEqual(
      [...ids].sort((a, b) => Number(a.split("-").at(-1)) - Number(b.split("-").at(-1))),
    );
    frames.socket.close();
    await put(other, stored(todo("e")));
    const again = await Frames.open(`${pathOfSession(session)}&after=${ids[1]}`);
    await again.ask({ method: "findDocumentsById", params: [["e"], false] });
    const events = again.bulks.flatMap((bulk) => bulk.events as { documentId: string }[]);
    expect(events.map(({ documentId }) => documentId)).toEqual(["c", "d", "e"]);
    expect(again.bulks.slice(0, 2)).toEqual(frames.bulks.slice(2));
  });

  it("gets long texts as they were, wherever their characters lie", async () => {
    const app = await createUserWithApp("todos:rw");
    const session = await sessionOf(app);
    const frames = await Frames.open(pathOfSession(session));
    await frames.ask({ method: "create", params: creation(freshDatabase()) });
    // Pairs of code units that begin at an even place, and at an odd one.
    for (const first of ["", "-"]) {
      const title = first + "\u{1f600}".repeat(300_000);
      await frames.ask(writing(stored(todo(`a${first.length}`, { title }))));
    }
    const none = frames.bulks[0]?.id.replace(/\d+$/, "0");
    const again = await Frames.open(`${pathOfSession(session)}&after=${none}`);
    await again.ask({ method: "findDocumentsById", params: [["a"], false] });
    expect(again.bulks).toHaveLength(2);
    expect(again.bulks.map(({ events }) => events)).toEqual(
      frames.bulks.map(({ events }) => events),
    );
  });

  it("is told when its collection is removed by somebody else, in a frame that RxDB passes over", async () => {
    const owner = await createUserWithApp("todos:rw");
    const name = freshDatabase();
    const frames = await Frames.open(doorOf(owner));
    await frames.ask({ method: "create", params: creation(name) });
    await (await openInstance(client(doorOf(owner)), name)).remove();
    await until(() => frames.answers.some(({ answerTo }) => answerTo === "removed"));
    const told = frames.answers.find(({ answerTo }) => answerTo === "removed");
    expect(told).toMatchObject({ connectionId: "c", method: "remove", error: { code: "removed" } });
  });

  it("with a checkpoint of a collection that was removed gets the new one from its beginning", async () => {
    const app = await createUserWithApp("todos:rw");
    const name = freshDatabase();
    const mine = await openInstance(client(doorOf(app)), name);
    await put(mine, stored(todo("a")), stored(todo("b")));
    const changesOf = async (instance: Instance, since?: unknown) =>
      instance.getChangedDocumentsSince?.(10, since);
    const { checkpoint } = (await changesOf(mine)) ?? {};
    expect((await changesOf(mine, checkpoint))?.documents).toEqual([]);
    await mine.remove();
    const anew = await openInstance(client(doorOf(app)), name);
    await put(anew, stored(todo("c")));
    const { documents } = (await changesOf(anew, checkpoint)) ?? {};
    expect(idsOf(documents as never)).toEqual(["c"]);
  });
});

describe("A client that only listens", () => {
  async function listening() {
    const person = await createUser();
    const tokens = await tokensOf(person, "todos:rw");
    const app = appWith(person, tokens);
    const session = await sessionOf(app);
    const name = freshDatabase();
    const frames = await Frames.open(pathOfSession(session));
    await frames.ask({ method: "create", params: creation(name) });
    const writer = await openInstance(client(doorOf(await connectApp(person, "todos:rw"))), name);
    await put(writer, stored(todo("a")));
    await until(() => frames.bulks.length === 1);
    const prolong = async () => {
      const fresh = await tokensIn(await refresh(tokens.refresh_token));
      const body = { session: session.session };
      const response = await askForSession(appWith(person, fresh), "todos", { body });
      expect(((await response.json()) as Session).session).toBe(session.session);
    };
    return { session, frames, writer, prolong, lifetimeMs: tokens.expires_in * SECOND_MS };
  }

  it("hears on when its session is prolonged in time", async () => {
    const { frames, writer, prolong, lifetimeMs } = await listening();
    advanceClock(lifetimeMs / 2);
    await prolong();
    advanceClock(lifetimeMs / 2 + MINUTE_MS);
    await put(writer, stored(todo("b")));
    await until(() => frames.bulks.length === 2);
    expect(frames.closed).toBeNull();
  });

  it("and whose session is over is let go, and told later what it has missed", async () => {
    const { session, frames, writer, prolong, lifetimeMs } = await listening();
    advanceClock(lifetimeMs + MINUTE_MS);
    await put(writer, stored(todo("b")));
    await until(() => frames.closed !== null);
    expect(frames.closed).toEqual({ code: 4401, reason: "unauthorized" });
    expect(frames.bulks).toHaveLength(1);
    await prolong();
    const again = await Frames.open(pathOfSession(session));
    await until(() => again.bulks.length === 1);
    expect(again.bulks[0]?.events).toMatchObject([{ documentId: "b" }]);
  });
});

describe("A write that was sent, but not answered", () => {
  async function begun() {
    const app = await createUserWithApp("todos:rw");
    const path = pathOfSession(await sessionOf(app));
    const name = freshDatabase();
    const frames = await Frames.open(path);
    await frames.ask({ method: "create", params: creation(name) });
    const other = await openInstance(client(doorOf(app)), name);
    return { app, path, name, frames, other };
  }

  it("and was done is answered as it was, not done twice", async () => {
    const { path, frames, other } = await begun();
    const write = { ...writing(stored(todo("a")), stored(todo("b"))), requestId: "once" };
    const first = await frames.ask(write);
    expect(first.return).toEqual({ error: [] });
    frames.socket.close();
    await put(other, stored(todo("c")));
    const again = await Frames.open(path);
    const second = await again.ask({ ...write, retry: true });
    expect(second).toEqual(first);
    expect(await found(other)).toHaveLength(3);
    // Without the mark it is a write like any other.
    const third = await again.ask({ ...write, requestId: "twice" });
    expect((third.return as { error: object[] }).error).toHaveLength(2);
    expect((third.return as { error: { status: number }[] }).error[0]?.status).toBe(409);
  });

  it("and was refused in part is answered as it was, though it would succeed now", async () => {
    const { app, path, frames, other } = await begun();
    await put(other, stored(todo("a")));
    const write = {
      ...writing(stored(todo("a"), { _rev: "1-b" }), stored(todo("b"))),
      requestId: "once",
    };
    const first = await frames.ask(write);
    expect((first.return as { error: object[] }).error).toMatchObject([
      { status: 409, documentId: "a" },
    ]);
    frames.socket.close();
    await evictDurableObject(await objectOf(app.user));
    const again = await Frames.open(path);
    const second = await again.ask({ ...write, retry: true });
    expect((second.return as { error: object[] }).error).toMatchObject([
      { status: 409, documentId: "a" },
    ]);
    expect((second.return as { error: object[] }).error).toHaveLength(1);
    expect(await found(other)).toHaveLength(2);
  });

  it("and was not done is done", async () => {
    const { path, frames, other } = await begun();
    frames.socket.close();
    const again = await Frames.open(path);
    const write = { ...writing(stored(todo("a"))), requestId: "never seen", retry: true };
    expect((await again.ask(write)).return).toEqual({ error: [] });
    expect(await found(other)).toEqual(["a"]);
  });

  it("is remembered after the object has died", async () => {
    const { app, path, frames, other } = await begun();
    const write = { ...writing(stored(todo("a"))), requestId: "once" };
    const first = await frames.ask(write);
    await abortAllDurableObjects();
    const again = await Frames.open(path);
    expect(await again.ask({ ...write, retry: true })).toEqual(first);
    const fresh = await openInstance(client(doorOf(app)), other.databaseName);
    expect(await found(fresh)).toEqual(["a"]);
  });
});

describe("A socket", () => {
  it("answers a ping", async () => {
    const app = await createUserWithApp("todos:rw");
    const socket = await dial(doorOf(app));
    const pong = new Promise((resolve) => {
      socket.addEventListener("message", ({ data }) => resolve(data));
    });
    socket.send("ping");
    expect(await pong).toBe("pong");
  });

  it("bears many collections, each with its own live query, through the object's sleep", async () => {
    const app = await createUserWithApp("todos:rw");
    const own = client(pathOfSession(await sessionOf(app)));
    const names = Array.from({ length: 20 }, freshDatabase);
    const instances = await Promise.all(names.map((name) => openInstance(own, name)));
    const events = instances.map((instance) => {
      const ids: string[] = [];
      instance
        .changeStream()
        .subscribe(({ events }) => ids.push(...events.map((e) => e.documentId)));
      return ids;
    });
    await evictDurableObject(await objectOf(app.user));
    await Promise.all(instances.map((instance, i) => put(instance, stored(todo(`in ${i}`)))));
    expect(events).toEqual(names.map((_, i) => [`in ${i}`]));
  });

  it("is told what to do when it speaks for a connection that nobody has made", async () => {
    const frames = await Frames.open(doorOf(await createUserWithApp("todos:rw")));
    const answer = await frames.ask({ connectionId: "unheard of", method: "query", params: [{}] });
    expect(answer.error).toMatchObject({ name: "SatchelError", code: "unknown-connection" });
    expect(answer).not.toHaveProperty("return");
  });
});

describe("A session", () => {
  it("is given to the app's token, and opens the door by itself", async () => {
    const app = await createUserWithApp("todos:rw");
    const response = await askForSession(app, "todos", {
      headers: { Origin: "https://app.example" },
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(response.headers.get("cache-control")).toContain("no-store");
    const session = (await response.json()) as Session;
    expect(session.url).toBe(
      `wss://satchel.example/rxdb/${app.user}/todos?session=${session.session}`,
    );
    expect(session.expiresAt).toBeNull();
    const { database, todos } = await openTodos(client(pathOfSession(session)), freshDatabase());
    await todos.insert(todo("a"));
    await database.close();
  });

  it("goes on when the same grant asks for it, and is another for another grant", async () => {
    const person = await createUser();
    const app = await connectApp(person, "todos:rw");
    const other = await connectApp(person, "todos:r");
    const first = await sessionOf(app);
    const ask = async (of: TestApp): Promise<Session> =>
      (await askForSession(of, "todos", { body: { session: first.session } })).json();
    expect((await ask(app)).session).toBe(first.session);
    expect((await ask(other)).session).not.toBe(first.session);
    expect((await sessionOf(app)).session).not.toBe(first.session);
  });

  it("opens no other module, and nobody else's", async () => {
    const [app, stranger] = [await createUserWithApp("*:rw"), await createUserWithApp("*:rw")];
    const path = pathOfSession(await sessionOf(app));
    for (const other of [path.replace("/todos", "/notes"), path.replace(app.user, stranger.user)]) {
      await expect(openTodos(client(other), freshDatabase())).rejects.toThrow("unauthorized");
    }
  });
});
