/** Unmodified RxDB from npm uses the provider as its storage. */

import { RxDBAttachmentsPlugin } from "rxdb/plugins/attachments";
import { addRxPlugin } from "rxdb/plugins/core";
import { wrappedKeyEncryptionCryptoJsStorage } from "rxdb/plugins/encryption-crypto-js";
import { wrappedKeyCompressionStorage } from "rxdb/plugins/key-compression";
import { RxDBLocalDocumentsPlugin } from "rxdb/plugins/local-documents";
import { RxDBMigrationSchemaPlugin } from "rxdb/plugins/migration-schema";
import { RxDBAttachmentsPlugin as RxDBAttachmentsPlugin16 } from "rxdb-16/plugins/attachments";
import { addRxPlugin as addRxPlugin16 } from "rxdb-16/plugins/core";
import { beforeAll, describe, expect, it } from "vitest";
import { APP_ORIGIN, createUserWithApp, type TestApp } from "../support/provider";
import { createClient, type Mode, RXDB_16, RXDB_17, RXDB_VERSIONS } from "../support/rxdb/clients";
import { attachmentKeys, moduleRows } from "../support/rxdb/module-rows";
import { openTodos, watchQuery } from "../support/rxdb/open-todos";
import { sessionPath } from "../support/rxdb/sessions";
import { socketPath } from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  prepareMango,
  queryIds,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { idsOf, TODOS, type Todo, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

for (const plugin of [RxDBAttachmentsPlugin, RxDBLocalDocumentsPlugin, RxDBMigrationSchemaPlugin]) {
  addRxPlugin(plugin);
}
addRxPlugin16(RxDBAttachmentsPlugin16);

let app: TestApp;
beforeAll(async () => {
  app = await createUserWithApp("todos:rw");
});

const MANY: Todo[] = Array.from({ length: 20 }, (_, i) =>
  todo(`t${String(i).padStart(2, "0")}`, {
    title: i % 3 === 0 ? "milk" : `bread ${i}`,
    rank: (i * 7) % 20,
    done: i % 4 === 0,
    ...(i % 5 === 0 ? {} : { tags: ["home", `tag${i % 2}`].slice(0, i % 3) }),
  }),
);

describe.each(RXDB_VERSIONS)("An app with RxDB $version", (rxdb) => {
  it("inserts, finds, updates and removes documents, and finds them again after reopening", async () => {
    const name = uniqueDatabaseName();
    const { database, todos } = await openTodos(createClient(socketPath(app), rxdb), name);
    const milk = await todos.insert(todo("milk"));
    await todos.insert(todo("bread", { rank: 2 }));
    await todos.upsert(todo("tea", { rank: 3 }));
    await milk.patch({ done: true });
    await (await todos.findOne("bread").exec(true)).remove();
    expect(idsOf(await todos.find({ sort: [{ rank: "desc" }] }).exec())).toEqual(["tea", "milk"]);
    await expect(todos.insert(todo("milk"))).rejects.toThrow("CONFLICT");
    await database.close();
    const again = await openTodos(createClient(socketPath(app), rxdb), name);
    expect((await again.todos.findOne("milk").exec(true)).toJSON()).toEqual(
      todo("milk", { done: true }),
    );
    expect(await again.todos.count().exec()).toBe(2);
    await again.database.close();
  });

  it("writes and removes many documents at once, and learns which existed already", async () => {
    const { database, todos } = await openTodos(
      createClient(socketPath(app), rxdb),
      uniqueDatabaseName(),
    );
    const { success, error } = await todos.bulkInsert(MANY);
    expect([success.length, error]).toEqual([MANY.length, []]);
    const mixed = await todos.bulkInsert([todo("t00"), todo("new"), todo("t01")]);
    expect(idsOf(mixed.success)).toEqual(["new"]);
    expect(mixed.error.map(({ status, documentId }) => [status, documentId])).toEqual([
      [409, "t00"],
      [409, "t01"],
    ]);
    await todos.bulkUpsert([todo("t00", { rank: 999 }), todo("newer")]);
    await todos.bulkRemove(["t01", "t02"]);
    expect(await todos.count().exec()).toBe(MANY.length);
    expect((await todos.findOne("t00").exec(true)).rank).toBe(999);
    await database.close();
  });

  it("sorts, skips, limits and counts", async () => {
    const { database, todos } = await openTodos(
      createClient(socketPath(app), rxdb),
      uniqueDatabaseName(),
    );
    await todos.bulkInsert(MANY);
    const byRank = [...MANY].sort((a, b) => a.rank - b.rank);
    const selector = { rank: { $gte: 5 } };
    const wanted = byRank.filter(({ rank }) => rank >= 5);
    const find = async (query: object) => idsOf(await todos.find({ selector, ...query }).exec());
    expect(await find({ sort: [{ rank: "asc" }] })).toEqual(idsOf(wanted));
    expect(await find({ sort: [{ rank: "desc" }] })).toEqual(idsOf(wanted).reverse());
    expect(await find({ sort: [{ rank: "asc" }], skip: 2, limit: 3 })).toEqual(
      idsOf(wanted.slice(2, 5)),
    );
    expect(await find({ sort: [{ rank: "desc" }], skip: 12, limit: 9 })).toEqual(
      idsOf(wanted).reverse().slice(12, 21),
    );
    expect(
      idsOf(await todos.find({ sort: [{ done: "desc" }, { rank: "asc" }], limit: 6 }).exec()),
    ).toEqual([
      ...idsOf(byRank.filter(({ done }) => done)),
      idsOf(byRank.filter((t) => !t.done))[0],
    ]);
    expect(await todos.count({ selector }).exec()).toBe(wanted.length);
    await database.close();
  });

  it.each<[string, object, (one: Todo) => boolean]>([
    ["$eq", { title: { $eq: "milk" } }, ({ title }) => title === "milk"],
    ["a bare value", { rank: 7 }, ({ rank }) => rank === 7],
    ["$ne", { title: { $ne: "milk" } }, ({ title }) => title !== "milk"],
    ["$gt", { rank: { $gt: 12 } }, ({ rank }) => rank > 12],
    ["$gte", { rank: { $gte: 12 } }, ({ rank }) => rank >= 12],
    ["$lt", { rank: { $lt: 4 } }, ({ rank }) => rank < 4],
    ["$lte", { rank: { $lte: 4 } }, ({ rank }) => rank <= 4],
    ["$in", { rank: { $in: [1, 2, 77] } }, ({ rank }) => [1, 2].includes(rank)],
    ["$nin", { rank: { $nin: [1, 2] } }, ({ rank }) => ![1, 2].includes(rank)],
    ["$exists", { tags: { $exists: false } }, ({ tags }) => tags === undefined],
    [
      "$regex",
      { title: { $regex: "^BREAD 1", $options: "i" } },
      ({ title }) => /^bread 1/.test(title),
    ],
    ["$mod", { rank: { $mod: [5, 2] } }, ({ rank }) => rank % 5 === 2],
    ["$not", { rank: { $not: { $gt: 3 } } }, ({ rank }) => rank <= 3],
    ["$and", { $and: [{ done: true }, { rank: { $gt: 3 } }] }, (t) => t.done && t.rank > 3],
    ["$or", { $or: [{ done: true }, { rank: 3 }] }, (t) => t.done || t.rank === 3],
    ["$nor", { $nor: [{ done: true }, { rank: 3 }] }, (t) => !t.done && t.rank !== 3],
    ["$elemMatch", { tags: { $elemMatch: { $eq: "tag1" } } }, (t) => !!t.tags?.includes("tag1")],
    ["$size", { tags: { $size: 2 } }, ({ tags }) => tags?.length === 2],
    ["$type", { tags: { $type: "array" } }, ({ tags }) => tags !== undefined],
  ])("finds by %s", async (_, selector, matches) => {
    const { database, todos } = await sharedTodos(rxdb);
    const expected = idsOf(MANY.filter(matches));
    expect(expected.length).toBeGreaterThan(0);
    const found = await todos.find({ selector, sort: [{ id: "asc" }] }).exec();
    expect(idsOf(found)).toEqual(expected);
    expect(
      await database.todos?.find({ selector: { $and: [selector, { id: "nobody" }] } }).exec(),
    ).toEqual([]);
  });

  it("updates live queries with another client's writes, before those are answered", async () => {
    const name = uniqueDatabaseName();
    const [one, two] = [createClient(socketPath(app), rxdb), createClient(socketPath(app), rxdb)];
    const [mine, theirs] = [await openTodos(one, name), await openTodos(two, name)];
    const live = watchQuery(
      mine.todos.find({ selector: { done: false }, sort: [{ rank: "asc" }] }) as never,
    );
    const own = watchQuery(
      theirs.todos.find({ selector: { done: false }, sort: [{ rank: "asc" }] }) as never,
    );
    await waitUntil(() => live.count > 0 && own.count > 0);
    await theirs.todos.insert(todo("b", { rank: 5 }));
    await theirs.todos.insert(todo("a", { rank: 3 }));
    await waitUntil(() => String(live.ids) === "a,b");
    await (await mine.todos.findOne("b").exec(true)).patch({ rank: 1 });
    await waitUntil(() => String(own.ids) === "b,a");
    await (await theirs.todos.findOne("a").exec(true)).patch({ done: true });
    await waitUntil(() => String(live.ids) === "b");
    await (await theirs.todos.findOne("b").exec(true)).remove();
    await waitUntil(() => live.ids.length === 0 && own.ids.length === 0);
    expect(one.network.eventBulks).toEqual(
      expect.arrayContaining(two.network.eventBulks.slice(-5)),
    );
    for (const { network } of [one, two]) {
      for (const frame of network.sent.map((text) => JSON.parse(text))) {
        const answer = network.received.findIndex(({ answerTo }) => answerTo === frame.requestId);
        if (frame.method !== "bulkWrite" || network.received[answer]?.method !== "bulkWrite")
          continue;
        const [row] = frame.params[0];
        const event = network.received.findIndex(
          ({ method, return: bulk }) =>
            method === "changeStream" && JSON.stringify(bulk).includes(row.document._rev),
        );
        if (row.document.rank !== undefined) expect(event).toBeLessThan(answer);
        if (row.document.rank !== undefined) expect(event).toBeGreaterThan(-1);
      }
    }
    await Promise.all([mine.database.close(), theirs.database.close()]);
  });

  it("loses no concurrent increment of two clients", async () => {
    const name = uniqueDatabaseName();
    const opened = await Promise.all(
      [1, 2].map(() => openTodos(createClient(socketPath(app), rxdb), name)),
    );
    await opened[0]?.todos.insert(todo("counter", { rank: 0 }));
    await Promise.all(
      opened.map(async ({ todos }) => {
        const counter = await todos.findOne("counter").exec(true);
        await Promise.all(
          Array.from({ length: 10 }, () =>
            counter.incrementalModify((data) => ({ ...data, rank: data.rank + 1 })),
          ),
        );
      }),
    );
    const counter = opened[1]?.todos.findOne("counter");
    await waitUntil(async () => (await counter?.exec(true))?.rank === 20);
    await Promise.all(opened.map(({ database }) => database.close()));
  });

  it("stores small and large attachments, which other clients can read", async () => {
    const name = uniqueDatabaseName();
    const large = Buffer.from(Uint8Array.from({ length: 1_500_000 }, (_, i) => (i * i) >> 5));
    const writer = await openTodos(createClient(socketPath(app), rxdb), name);
    const milk = await writer.todos.insert(todo("milk"));
    const attach = (id: string, data: Buffer) =>
      milk.getLatest().putAttachment({
        id,
        // Version 16 takes base64 or a Blob, version 17 only Blobs.
        data: new Blob([new Uint8Array(data)], { type: "image/png" }) as never,
        type: "image/png",
      });
    const bodies = (await attachmentKeys(app.user)).length;
    await attach("small.png", Buffer.from("small one"));
    await attach("large.png", large);
    const reader = await openTodos(createClient(socketPath(app), rxdb), name);
    const read = async (id: string) => {
      const document = await reader.todos.findOne("milk").exec(true);
      const data: unknown = await document.getAttachment(id)?.getData();
      return Buffer.from(await (data as Blob).arrayBuffer());
    };
    expect((await read("small.png")).toString()).toBe("small one");
    expect((await read("large.png")).equals(large)).toBe(true);
    expect((await attachmentKeys(app.user)).length).toBe(bodies + 1);
    const document = await reader.todos.findOne("milk").exec(true);
    await document.patch({ title: "with attachments still" });
    expect((await read("small.png")).toString()).toBe("small one");
    await document.getLatest().getAttachment("small.png")?.remove();
    expect(idsOf((await reader.todos.findOne("milk").exec(true)).allAttachments())).toEqual([
      "large.png",
    ]);
    await document.getLatest().remove();
    await expect(read("large.png")).rejects.toThrow();
    await Promise.all([writer.database.close(), reader.database.close()]);
  });
});

const openedByVersion = new Map<string, ReturnType<typeof openTodos>>();

/** One database for all queries of a version. */
function sharedTodos(rxdb: (typeof RXDB_VERSIONS)[number]): ReturnType<typeof openTodos> {
  const made = openedByVersion.get(rxdb.version);
  if (made) return made;
  const making = openTodos(createClient(socketPath(app), rxdb), uniqueDatabaseName(), {
    isShared: true,
  }).then(async (todos) => {
    await todos.todos.bulkInsert(MANY);
    return todos;
  });
  openedByVersion.set(rxdb.version, making);
  return making;
}

describe("RxDB's plugins", () => {
  it("store local documents of a database and a collection, and update them live", async () => {
    const name = uniqueDatabaseName();
    const make = async () => {
      const database = await createClient(socketPath(app)).open(name, { localDocuments: true });
      const { todos } = await database.addCollections({
        todos: { schema: TODOS, localDocuments: true },
      });
      return { database, todos: todos as NonNullable<typeof todos> };
    };
    const [one, two] = [await make(), await make()];
    await one.database.insertLocal("settings", { theme: "dark" });
    await one.todos.upsertLocal("view", { sort: "rank" });
    const values: unknown[] = [];
    two.database
      .getLocal$<{ theme: string }>("settings")
      .subscribe((document) => values.push(document?.get("theme")));
    await waitUntil(() => values.includes("dark"));
    await one.database.upsertLocal("settings", { theme: "light" });
    await waitUntil(() => values.at(-1) === "light");
    expect((await two.todos.getLocal("view"))?.get("sort")).toBe("rank");
    await (await two.todos.getLocal("view"))?.remove();
    expect(await one.todos.getLocal("view")).toBeNull();
    await Promise.all([one.database.close(), two.database.close()]);
  });

  it("migrate a collection to a new version of its schema", async () => {
    const name = uniqueDatabaseName();
    const old = await openTodos(createClient(socketPath(app)), name);
    await old.todos.bulkInsert(MANY);
    await old.database.close();
    const schema = {
      ...TODOS,
      version: 1,
      properties: { ...TODOS.properties, urgent: { type: "boolean" } },
    };
    const migrationStrategies = {
      1: (document: Todo) => (document.done ? null : { ...document, urgent: document.rank > 10 }),
    };
    const { database, todos } = await openTodos(createClient(socketPath(app)), name, {
      schema,
      migrationStrategies,
    });
    const urgent = MANY.filter(({ done, rank }) => !done && rank > 10);
    const found = await todos
      .find({ selector: { urgent: true } as never, sort: [{ id: "asc" }] })
      .exec();
    expect(idsOf(found)).toEqual(idsOf(urgent));
    expect(await todos.count().exec()).toBe(MANY.filter(({ done }) => !done).length);
    await database.close();
  });

  it("encrypt documents: the storage sees neither plaintext nor password", async () => {
    const name = uniqueDatabaseName();
    const make = async () => {
      const own = createClient(socketPath(app));
      const storage = wrappedKeyEncryptionCryptoJsStorage({ storage: own.storage as never });
      const options = { storage, password: "a password of theirs" };
      const schema = { ...TODOS, encrypted: ["title", "tags"] };
      return { own, ...(await openTodos(own, name, { schema, options })) };
    };
    const one = await make();
    await one.todos.insert(todo("secret", { title: "something secret", tags: ["hidden"] }));
    const two = await make();
    expect((await two.todos.findOne("secret").exec(true)).toJSON()).toEqual(
      todo("secret", { title: "something secret", tags: ["hidden"] }),
    );
    const kept = JSON.stringify(await moduleRows(app.user));
    expect(kept).toContain("secret");
    for (const words of ["something secret", "hidden", "a password of theirs"]) {
      expect(kept).not.toContain(words);
    }
    await Promise.all([one.database.close(), two.database.close()]);
  });

  it("a password sent by a client is not stored", async () => {
    const name = uniqueDatabaseName();
    const instance = await openStorageInstance(createClient(socketPath(app)), name, TODOS, {
      password: "sent in clear",
    });
    expect(JSON.stringify(await moduleRows(app.user))).not.toContain("sent in clear");
    await instance.close();
  });

  it("compress keys: documents are stored with short ones and found by long ones", async () => {
    const name = uniqueDatabaseName();
    const make = () => {
      const own = createClient(socketPath(app));
      const storage = wrappedKeyCompressionStorage({ storage: own.storage as never });
      const schema = { ...TODOS, keyCompression: true };
      return openTodos(own, name, { schema, options: { storage } });
    };
    const one = await make();
    const two = await make();
    const live = watchQuery(
      two.todos.find({ selector: { rank: { $gt: 10 } }, sort: [{ rank: "asc" }] }) as never,
    );
    await one.todos.bulkInsert(MANY);
    const expected = MANY.filter(({ rank }) => rank > 10).sort((a, b) => a.rank - b.rank);
    await waitUntil(() => live.ids.length === expected.length);
    expect(live.ids).toEqual(idsOf(expected));
    await Promise.all([one.database.close(), two.database.close()]);
  });
});

describe("RxDB 16 and 17 on one database", () => {
  it("created by version 16: both write, and receive each other's writes live", async () => {
    const name = uniqueDatabaseName();
    const old = await openTodos(createClient(socketPath(app), RXDB_16), name);
    await old.todos.insert(todo("of 16"));
    const current = await openTodos(createClient(socketPath(app), RXDB_17), name);
    const live = [old, current].map(({ todos }) =>
      watchQuery(todos.find({ sort: [{ id: "asc" }] }) as never),
    );
    await current.todos.insert(todo("of 17"));
    await (await current.todos.findOne("of 16").exec(true)).patch({ done: true });
    await old.todos.insert(todo("of 16 again"));
    await waitUntil(() => live.every(({ ids }) => String(ids) === "of 16,of 16 again,of 17"));
    expect((await old.todos.findOne("of 16").exec(true)).done).toBe(true);
    await Promise.all([old.database.close(), current.database.close()]);
  });

  it("created by version 17: version 16 refuses to open it, and nothing hangs", async () => {
    const name = uniqueDatabaseName();
    const { database, todos } = await openTodos(createClient(socketPath(app), RXDB_17), name);
    await todos.insert(todo("of 17"));
    await expect(openTodos(createClient(socketPath(app), RXDB_16), name)).rejects.toThrow("DM5");
    expect(await todos.count().exec()).toBe(1);
    await database.close();
  });

  it("read each other's attachments", async () => {
    const name = uniqueDatabaseName();
    const old = await openTodos(createClient(socketPath(app), RXDB_16), name);
    const current = await openTodos(createClient(socketPath(app), RXDB_17), name);
    const data = (text: string) => new Blob([text], { type: "text/plain" }) as never;
    const one = await old.todos.insert(todo("one"));
    await one.putAttachment({ id: "a", type: "text/plain", data: data("by 16") });
    const seen = await current.todos.findOne("one").exec(true);
    expect(await seen.getAttachment("a")?.getStringData()).toBe("by 16");
    await seen.putAttachment({ id: "b", type: "text/plain", data: data("by 17") });
    const back = await old.todos.findOne("one").exec(true);
    await waitUntil(() => back.getLatest().allAttachments().length === 2);
    expect(await back.getLatest().getAttachment("b")?.getStringData()).toBe("by 17");
    await Promise.all([old.database.close(), current.database.close()]);
  });
});

describe("The usage in RxDB's documentation", () => {
  it.each<[Mode, number]>([
    ["one", 1],
    ["storage", 1],
    ["database", 2],
    ["collection", 4],
  ])("works in mode '%s'", async (mode, sockets) => {
    let count = 0;
    const path = socketPath(app);
    const own = createClient(socketPath(app), RXDB_17, mode);
    const { messageChannelCreator } = own.storage.settings;
    own.storage.settings.messageChannelCreator = () => {
      count++;
      return messageChannelCreator();
    };
    const names = [uniqueDatabaseName(), uniqueDatabaseName()];
    const databases = await Promise.all(names.map((name) => openTodos(own, name)));
    await Promise.all(databases.map(({ todos }, i) => todos.insert(todo(`in ${i}`))));
    const others = await Promise.all(names.map((name) => openTodos(createClient(path), name)));
    for (const [i, { todos }] of others.entries()) {
      expect(idsOf(await todos.find().exec())).toEqual([`in ${i}`]);
    }
    // In mode 'one' the socket is opened with the storage itself.
    expect(count + (mode === "one" ? 1 : 0)).toBe(sockets);
    await Promise.all([...databases, ...others].map(({ database }) => database.close()));
  });

  it("customRequest: whoami, quota and session work, others return a clear error", async () => {
    const path = socketPath(app);
    const { storage } = createClient(path);
    const access = { user: app.user, module: "todos", access: "rw", app: APP_ORIGIN };
    expect(await storage.customRequest("whoami")).toEqual(access);
    expect(await storage.customRequest({ type: "whoami" })).toEqual(access);
    const quota = await storage.customRequest<unknown, Record<string, number>>("quota");
    expect(quota.quotaBytes).toBe(1_073_741_824);
    expect(quota.availableBytes).toBe(1_073_741_824 - (quota.usedBytes ?? Number.NaN));
    const session = await storage.customRequest<unknown, { session: string; url: string }>(
      "session",
    );
    expect(session.url).toContain(`/rxdb/${app.user}/todos?session=`);
    const { database, todos } = await openTodos(
      createClient(sessionPath(session as never)),
      uniqueDatabaseName(),
    );
    await todos.insert(todo("by session"));
    await database.close();
    for (const other of ["erase", { bar: "foo" }, null, 5, ["whoami"], { type: "__proto__" }]) {
      await expect(storage.customRequest(other)).rejects.toThrow("SatchelError");
    }
  });

  it("whoami tells a read-only app its access level", async () => {
    const reader = await createUserWithApp("todos:r");
    const { storage } = createClient(socketPath(reader));
    expect(await storage.customRequest("whoami")).toMatchObject({ access: "r" });
  });
});

describe("A database", () => {
  it("is created once when several clients open it at the same time", async () => {
    const name = uniqueDatabaseName();
    const both = await Promise.all(
      [1, 2, 3].map(() => openTodos(createClient(socketPath(app)), name)),
    );
    await Promise.all(both.map(({ todos }, i) => todos.insert(todo(`by ${i}`))));
    for (const { todos } of both) {
      await waitUntil(async () => (await todos.find().exec()).length === 3);
    }
    const tokens = await Promise.all(both.map(({ database }) => database.storageToken));
    expect(new Set(tokens).size).toBe(1);
    await Promise.all(both.map(({ database }) => database.close()));
  });

  it("is not visible in another module or to another user", async () => {
    const name = uniqueDatabaseName();
    const wide = await createUserWithApp("*:rw");
    const places = [socketPath(wide, "todos"), socketPath(wide, "notes"), socketPath(app)];
    const all = await Promise.all(places.map((path) => openTodos(createClient(path), name)));
    await Promise.all(all.map(({ todos }, i) => todos.insert(todo(`in ${i}`))));
    for (const [i, { todos }] of all.entries()) {
      expect(idsOf(await todos.find().exec())).toEqual([`in ${i}`]);
    }
    await Promise.all(all.map(({ database }) => database.close()));
  });

  it("accepts another schema of the same version, and finds every document by its indexes", async () => {
    const name = uniqueDatabaseName();
    const [one, two] = [createClient(socketPath(app)), createClient(socketPath(app))];
    const before = await openStorageInstance(one, name, { ...TODOS, indexes: ["rank"] });
    await insertDocuments(before, ...MANY.map((content) => storageDocument(content)));
    const indexes = [["title", "rank"], "done"];
    const after = await openStorageInstance(two, name, { ...TODOS, indexes });
    const titled = [...MANY].sort((a, b) =>
      a.title === b.title ? a.rank - b.rank : a.title < b.title ? -1 : 1,
    );
    const ranked = [...MANY].sort((a, b) => a.rank - b.rank);
    const selector = { _deleted: { $eq: false } };
    const byTitle = { selector, sort: [{ title: "asc" }, { rank: "asc" }] };
    const byRank = { selector, sort: [{ rank: "asc" }] };
    expect(await queryIds(after, byTitle)).toEqual(idsOf(titled));
    await insertDocuments(after, storageDocument(todo("zz", { title: "zz", rank: 1000 })));
    expect(await queryIds(before, byRank)).toEqual([...idsOf(ranked), "zz"]);
    await insertDocuments(before, storageDocument(todo("aa", { title: "a", rank: 0 })));
    expect(await queryIds(after, byTitle)).toEqual(["aa", ...idsOf(titled), "zz"]);
    await Promise.all([before.close(), after.close()]);
  });

  it("has a schema that only RxDB's dev-mode complains about: queries find everything, in order", async () => {
    interface Loose {
      id: string;
      name?: string;
      size?: number;
      due?: string | null;
    }
    const long = "x".repeat(3000);
    const documents: Loose[] = [
      { id: "b", name: "long, and longer than others", size: 1.25, due: null },
      { id: "a", name: "lo", size: -3000.5, due: "2026-01-01" },
      { id: long, name: "long", size: 1e12, due: "2025-01-01" },
      { id: "c", size: 1.5 },
    ];
    const schema = {
      version: 0,
      primaryKey: "id",
      type: "object",
      properties: {
        id: { type: "string" },
        name: { type: "string" },
        size: { type: "number" },
        due: { type: ["string", "null"], maxLength: 20 },
        note: { type: "string", maxLength: 10_000 },
      },
      indexes: ["name", "size", ["due", "size"], ["id", "name"], "note", "missing"],
    };
    const client = createClient(socketPath(app));
    const instance = await openStorageInstance(client, uniqueDatabaseName(), schema);
    await insertDocuments(instance, ...documents.map((one) => storageDocument(one)));
    const queries: [object, object, string[]][] = [
      [{}, { id: "asc" }, ["a", "b", "c", long]],
      [{}, { id: "desc" }, [long, "c", "b", "a"]],
      [{ id: { $gt: "b" } }, { id: "asc" }, ["c", long]],
      [{ id: long }, { id: "asc" }, [long]],
      [{ id: { $lte: "b" } }, { id: "desc" }, ["b", "a"]],
      [{ name: { $gt: "lo" } }, { name: "asc" }, [long, "b"]],
      [{ size: { $gt: 1.25 } }, { size: "desc" }, [long, "c"]],
      [{ size: { $lt: 1.5 } }, { size: "asc" }, ["a", "b"]],
      [{ due: { $gte: "2025-01-01" } }, { due: "asc" }, [long, "a"]],
      [{ due: null }, { id: "asc" }, ["b", "c"]],
    ];
    for (const [selector, sort, ids] of queries) {
      const query = { selector, sort: [sort] };
      expect(await queryIds(instance, query), JSON.stringify(query)).toEqual(ids);
      expect((await instance.count(prepareMango(instance, query))).count).toBe(ids.length);
    }
    await instance.remove();
  });

  it("stays open for others when one client closes it, and is gone for all when its collection is removed", async () => {
    const name = uniqueDatabaseName();
    const [one, two] = [
      await openTodos(createClient(socketPath(app)), name),
      await openTodos(createClient(socketPath(app)), name),
    ];
    await one.todos.bulkInsert(MANY);
    await one.database.close();
    await two.todos.insert(todo("still"));
    const three = await openTodos(createClient(socketPath(app)), name);
    expect(await three.todos.count().exec()).toBe(MANY.length + 1);
    await two.todos.remove();
    await expect(three.todos.insert(todo("too late"))).rejects.toThrow("COL21");
    const kept = JSON.stringify(await moduleRows(app.user));
    expect(kept).not.toContain('\\"id\\":\\"still\\"');
    const four = await openTodos(createClient(socketPath(app)), name);
    expect(await four.todos.count().exec()).toBe(0);
    await four.todos.insert(todo("anew"));
    await Promise.all([two, four].map(({ database }) => database.close()));
  });

  it.each(RXDB_VERSIONS)(
    "closes its collection in other clients with live queries when one removes it (RxDB $version)",
    async (rxdb) => {
      const name = uniqueDatabaseName();
      const { database, todos } = await openTodos(createClient(socketPath(app), rxdb), name);
      const live = watchQuery(todos.find() as never);
      const removed = new Promise<void>((resolve) => todos.onRemove.push(resolve));
      const other = await openTodos(createClient(socketPath(app), rxdb), name);
      await other.todos.insert(todo("a"));
      await waitUntil(() => live.ids.length === 1);
      await other.todos.remove();
      await removed;
      expect(todos.closed).toBe(true);
      expect(() => todos.find()).toThrow("COL21");
      const again = await database.addCollections({ todos: { schema: TODOS } });
      expect(await again.todos?.count().exec()).toBe(0);
      expect(live.count).toBeLessThanOrEqual(2);
      await Promise.all([database.close(), other.database.close()]);
    },
  );

  it("that is removed is not confused with one created later", async () => {
    const own = await createUserWithApp("todos:rw");
    const [first, second] = [uniqueDatabaseName(), uniqueDatabaseName()];
    const left = await openStorageInstance(createClient(socketPath(own)), first);
    const events: string[] = [];
    left.changeStream().subscribe(({ id }) => events.push(id));
    await (await openStorageInstance(createClient(socketPath(own)), first)).remove();
    const other = await openStorageInstance(createClient(socketPath(own)), second);
    await insertDocuments(other, storageDocument(todo("theirs")));
    for (const act of [
      () => insertDocuments(left, storageDocument(todo("mine"))),
      () => left.findDocumentsById(["theirs"], true),
      () => left.cleanup(0),
    ]) {
      await expect(act()).rejects.toThrow("removed");
    }
    expect(await queryIds(other)).toEqual(["theirs"]);
    expect(events).toEqual([]);
  });

  it("is gone with all its collections when it is removed", async () => {
    const name = uniqueDatabaseName();
    const { database, todos } = await openTodos(createClient(socketPath(app)), name);
    await todos.insert(todo("unique-to-this-test"));
    await database.remove();
    expect(JSON.stringify(await moduleRows(app.user))).not.toContain("unique-to-this-test");
    const again = await openTodos(createClient(socketPath(app)), name);
    expect(await again.todos.count().exec()).toBe(0);
    await again.database.close();
  });
});
