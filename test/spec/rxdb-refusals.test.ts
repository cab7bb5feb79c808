/** Refusals of the RxDB endpoint: sent in socket, so that no client hangs, and without any effect. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { RxDBAttachmentsPlugin } from "rxdb/plugins/attachments";
import { addRxPlugin } from "rxdb/plugins/core";
import { beforeAll, describe, expect, it } from "vitest";
import type { Refusal } from "../../src/core/refusals";
import { limitApp } from "../../src/http/rate-limits";
import { createAdministrator, submitAction } from "../support/admin";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { runDueAlarms } from "../support/erasure";
import { appWithTokens, obtainTokens } from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  createUserWithApp,
  fragmentParameters,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows, grantRows } from "../support/rows";
import { createClient, RXDB_16, RXDB_17, RXDB_VERSIONS } from "../support/rxdb/clients";
import {
  attachmentKeys,
  enlargeTodos,
  expectModuleUnchanged,
  moduleObject,
  moduleRows,
} from "../support/rxdb/module-rows";
import { Network } from "../support/rxdb/network";
import { openTodos, watchQuery } from "../support/rxdb/open-todos";
import { createRxdbSession, requestSession, sessionPath } from "../support/rxdb/sessions";
import {
  bulkWriteFrame,
  createParams,
  FrameSocket,
  requestUpgrade,
  socketPath,
} from "../support/rxdb/sockets";
import {
  insertDocuments,
  openStorageInstance,
  prepareMango,
  queryIds,
  storageDocument,
} from "../support/rxdb/storage-instances";
import { idsOf, TODOS, todo, uniqueDatabaseName } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";
import { setQuota } from "../support/storage";

addRxPlugin(RxDBAttachmentsPlugin);

/** A user with a database that has one to-do, and the app that created it. */
async function userWithDatabase(rxdb = RXDB_17, quota: number | null = null) {
  const user = await createUser();
  const app = await connectApp(user, quota === null ? "todos:rw" : "*:rw");
  await setQuota(app, quota);
  const name = uniqueDatabaseName();
  const network = new Network(socketPath(app));
  const { database, todos } = await openTodos(createClient(network, rxdb), name);
  await todos.insert(todo("kept"));
  return { user, app, name, database, todos, network };
}

const disconnectApp = (user: TestUser): Promise<Response> =>
  sendForm(
    `/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`,
    {},
    { cookie: user.cookie },
  );

describe("A client without access", () => {
  /** Each case with its path, the code of the refusal, and the close code of the socket. */
  const CASES: [string, (app: TestApp, user: TestUser) => Promise<string>, string, number][] = [
    ["without a token", async (app) => `/rxdb/${app.user}/todos`, "unauthorized", 4401],
    [
      "with an invalid token",
      async (app) => socketPath(new TestApp(app.user, "nonsense")),
      "unauthorized",
      4401,
    ],
    [
      "with a forged token",
      async (app) => socketPath(new TestApp(app.user, `${app.token.slice(0, -3)}abc`)),
      "unauthorized",
      4401,
    ],
    [
      "with an invalid session",
      async (app) => `/rxdb/${app.user}/todos?session=nonsense`,
      "unauthorized",
      4401,
    ],
    [
      "with another user's token",
      async (app) => socketPath(new TestApp(app.user, (await createUserWithApp("*:rw")).token)),
      "insufficient-scope",
      4403,
    ],
    ["for another module", async (app) => socketPath(app, "notes"), "insufficient-scope", 4403],
    [
      "for a name that cannot be a module",
      async (app) => socketPath(app, "public"),
      "not-found",
      4500,
    ],
    ["for a malformed module name", async (app) => socketPath(app, "a%20b"), "not-found", 4500],
  ];

  it.each(CASES)("%s is refused in a frame: createRxDatabase rejects", async (_, pathOf, code) => {
    const { app, user, name } = await userWithDatabase();
    const path = await pathOf(app, user);
    await expectModuleUnchanged(app.user, async () => {
      await expect(openTodos(createClient(path), name)).rejects.toThrow(code);
      await expect(openTodos(createClient(path, RXDB_16), name)).rejects.toThrow(code);
      await expect(createClient(path).storage.customRequest("whoami")).rejects.toThrow(code);
    });
  });

  it("gets an answer to every frame, and its socket is closed with a code that gives the reason", async () => {
    const { app, user, name } = await userWithDatabase();
    await Promise.all(
      CASES.map(async ([title, pathOf, code, closeCode]) => {
        const socket = await FrameSocket.open(await pathOf(app, user));
        for (const method of ["create", "query", "custom", "nonsense"]) {
          const params = method === "create" ? createParams(name) : [];
          const answer = await socket.call({ method, params });
          expect(answer, title).toMatchObject({
            connectionId: "c",
            answerTo: "r",
            method,
            error: { name: "SatchelError", code, message: expect.any(String) },
          });
          expect(answer, title).not.toHaveProperty("return");
        }
        await waitUntil(() => socket.closed !== null, 6000);
        expect([title, socket.closed?.code]).toEqual([title, closeCode]);
      }),
    );
  });

  it("creates no object for a user that does not exist", async () => {
    const app = await createUserWithApp("todos:rw");
    for (const user of ["nobody-of-this-name", "%00", "a".repeat(300)]) {
      const socket = await FrameSocket.open(`/rxdb/${user}/todos?access_token=${app.token}`);
      const { error } = await socket.call({ method: "custom", params: "whoami" });
      const refusals = ["unauthorized", "insufficient-scope", "not-found", "misdirected"];
      expect(refusals).toContain(error?.code);
    }
    expect(JSON.stringify(await allRows())).not.toContain("nobody-of-this-name");
  });

  it("without an upgrade -> 426", async () => {
    const app = await createUserWithApp("todos:rw");
    const response = await send(socketPath(app), { headers: { Origin: APP_ORIGIN } });
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({
      error: expect.any(String),
      message: expect.any(String),
    });
    expect((await requestUpgrade(socketPath(app), { Upgrade: "h2c" })).status).toBe(426);
  });

  it("with an expired access token cannot open a database, nor use one it opened before", async () => {
    const user = await createUser();
    const app = appWithTokens(user, await obtainTokens(user, "todos:rw"));
    const name = uniqueDatabaseName();
    const network = new Network(socketPath(app));
    const { todos } = await openTodos(createClient(network), name);
    await todos.insert(todo("in time"));
    advanceClock(2 * 60 * MINUTE_MS);
    await expectModuleUnchanged(user.name, async () => {
      await expect(openTodos(createClient(socketPath(app)), name)).rejects.toThrow("unauthorized");
      await expect(todos.insert(todo("too late"))).rejects.toThrow("unauthorized");
    });
  });
});

describe("POST …/session", () => {
  it.each<[string, (app: TestApp) => Promise<Response>, number, string]>([
    [
      "without a token",
      (app) => requestSession(app, "todos", { headers: { Authorization: "" } }),
      401,
      "unauthorized",
    ],
    [
      "with an invalid token",
      (app) => requestSession(new TestApp(app.user, "x")),
      401,
      "unauthorized",
    ],
    ["for another module", (app) => requestSession(app, "notes"), 403, "insufficient-scope"],
    [
      "for a name that cannot be a module",
      (app) => requestSession(app, "public"),
      404,
      "not-found",
    ],
    [
      "for another user",
      (app) => requestSession(new TestApp("somebody-else", app.token)),
      403,
      "insufficient-scope",
    ],
  ])("%s -> refused like a storage request, with CORS", async (_, ask, status, error) => {
    const { app } = await userWithDatabase();
    await expectModuleUnchanged(app.user, async () => {
      const response = await ask(app);
      expect([response.status, await response.json()]).toMatchObject([status, { error }]);
      expect(response.headers.get("access-control-allow-origin")).not.toBeNull();
    });
  });

  it.each(["null", "[]", "5", '{"session":5}', '{"session":"x"}', "{", '{"__proto__":{}}'])(
    "with the body %s does no harm",
    async (body) => {
      const app = await createUserWithApp("todos:rw");
      const response = await send(`/rxdb/${app.user}/todos/session`, {
        method: "POST",
        headers: { Authorization: `Bearer ${app.token}`, "Content-Type": "application/json" },
        body,
      });
      expect([201, 400]).toContain(response.status);
    },
  );

  it("stores its secret only as a hash", async () => {
    const app = await createUserWithApp("todos:rw");
    const { session } = await createRxdbSession(app);
    await openTodos(createClient(sessionPath(await createRxdbSession(app))), uniqueDatabaseName());
    const kept = JSON.stringify([await allRows(), await moduleRows(app.user)]);
    expect(kept).not.toContain(session);
    expect(kept).not.toContain(app.token);
  });

  it("a session of a code flow's token expires with it", async () => {
    const user = await createUser();
    const tokens = await obtainTokens(user, "todos:rw");
    const session = await createRxdbSession(appWithTokens(user, tokens));
    expect(session.expiresAt).toBeGreaterThan(Date.now());
    expect(session.expiresAt).toBeLessThanOrEqual(Date.now() + tokens.expires_in * SECOND_MS);
    advanceClock(tokens.expires_in * SECOND_MS + MINUTE_MS);
    await expect(
      openTodos(createClient(sessionPath(session)), uniqueDatabaseName()),
    ).rejects.toThrow("unauthorized");
  });
});

describe("A read-only app", () => {
  async function reading(rxdb = RXDB_17) {
    const { user, app, name, todos } = await userWithDatabase(rxdb);
    const reader = await connectApp(user, "todos:r");
    return { user, app, name, todos, reader };
  }

  it.each(RXDB_VERSIONS)(
    "of RxDB $version opens an existing database, reads it and gets live updates",
    async (rxdb) => {
      const { app, name, todos, reader } = await reading(rxdb);
      const opened = await openTodos(createClient(socketPath(reader), rxdb), name);
      const live = watchQuery(opened.todos.find({ sort: [{ id: "asc" }] }) as never);
      await waitUntil(() => live.ids.length === 1);
      await todos.insert(todo("more"));
      await waitUntil(() => live.ids.length === 2);
      expect(await opened.todos.count().exec()).toBe(2);
      await opened.database.close();
      expect(
        await queryIds(await openStorageInstance(createClient(socketPath(app), rxdb), name)),
      ).toHaveLength(2);
    },
  );

  it("changes nothing: every write is refused, and not as a conflict that would be retried", async () => {
    const { name, reader, app } = await reading();
    const { todos } = await openTodos(createClient(socketPath(reader)), name);
    const kept = await todos.findOne("kept").exec(true);
    await expectModuleUnchanged(app.user, async () => {
      for (const write of [
        () => todos.insert(todo("new")),
        () => todos.bulkInsert([todo("new"), todo("newer")]),
        () => todos.upsert(todo("kept", { rank: 9 })),
        () => todos.upsert(todo("new")),
        () => kept.patch({ rank: 9 }),
        () => kept.incrementalPatch({ rank: 9 }),
        () => kept.incrementalModify((data) => ({ ...data, rank: 9 })),
        () => kept.putAttachment({ id: "a", type: "text/plain", data: new Blob(["a"]) }),
        () => kept.remove(),
        () => todos.find().remove(),
        () => todos.storageInstance.cleanup(0),
        () => todos.storageInstance.remove(),
      ]) {
        await expect(write(), String(write)).rejects.toThrow("insufficient-scope");
      }
      await expect(todos.insert(todo("kept"))).rejects.toThrow("CONFLICT");
    });
    const socket = await FrameSocket.open(socketPath(reader));
    await socket.call({ method: "create", params: createParams(name) });
    const mixed = await expectModuleUnchanged(app.user, () =>
      socket.call(bulkWriteFrame(storageDocument(todo("kept")), storageDocument(todo("new")))),
    );
    expect(JSON.stringify(mixed)).not.toMatch(/"error":\[\]/);
  });

  it("creates no database and no collection", async () => {
    const { name, reader, app } = await reading();
    await expectModuleUnchanged(app.user, async () => {
      await expect(
        openTodos(createClient(socketPath(reader)), uniqueDatabaseName()),
      ).rejects.toThrow("insufficient-scope");
      const database = await createClient(socketPath(reader)).open(name);
      await expect(database.addCollections({ others: { schema: TODOS } })).rejects.toThrow(
        "insufficient-scope",
      );
    });
  });
});

describe("Access ends", () => {
  it("when the user disconnects the app: its sockets are closed, and it can do nothing more", async () => {
    const { user, app, name, todos, network } = await userWithDatabase();
    const session = await createRxdbSession(app);
    const bySession = new Network(sessionPath(session));
    const other = await openTodos(createClient(bySession), name);
    const sockets = await Promise.all(
      [socketPath(app), sessionPath(session)].map(FrameSocket.open),
    );
    for (const socket of sockets)
      await socket.call({ method: "create", params: createParams(name) });
    expect((await disconnectApp(user)).status).toBe(303);
    await waitUntil(() => sockets.every(({ closed }) => closed !== null));
    expect(sockets.map(({ closed }) => closed?.code)).toEqual([4401, 4401]);
    await waitUntil(() => network.closeCodes.length > 0 && bySession.closeCodes.length > 0);
    await expectModuleUnchanged(user.name, async () => {
      await network.reconnect();
      await bySession.reconnect();
      await expect(todos.insert(todo("too late"))).rejects.toThrow("unauthorized");
      await expect(todos.find().exec()).rejects.toThrow("unauthorized");
      await expect(other.todos.insert(todo("too late"))).rejects.toThrow("unauthorized");
      await expect(openTodos(createClient(sessionPath(session)), name)).rejects.toThrow(
        "unauthorized",
      );
      expect((await requestSession(app)).status).toBe(401);
    });
  });

  it("only for that app: another app of the same user goes on", async () => {
    const { user, name, todos, network: mine } = await userWithDatabase();
    const { closeCodes: closed } = mine;
    const query = { redirect_uri: "https://other.example/", scope: "todos:rw" };
    const { access_token } = fragmentParameters(await submitConsent(user, query));
    const network = new Network(socketPath(new TestApp(user.name, access_token ?? "")));
    const other = await openTodos(createClient(network), name);
    await disconnectApp(user);
    await waitUntil(() => closed.length > 0);
    await mine.reconnect();
    await expect(todos.insert(todo("mine"))).rejects.toThrow("unauthorized");
    await other.todos.insert(todo("theirs"));
    expect(await other.todos.count().exec()).toBe(2);
    expect(network.closeCodes).toEqual([]);
  });

  it("for writes when it is narrowed to read-only: the app still reads", async () => {
    const { user, todos, network } = await userWithDatabase();
    const path = `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`;
    const fields = { end: "keep", "level:todos": "r" };
    expect((await sendForm(path, fields, { cookie: user.cookie })).status).toBe(303);
    await expectModuleUnchanged(user.name, async () => {
      if (network.closeCodes.length > 0) await network.reconnect();
      await expect(todos.insert(todo("too late"))).rejects.toThrow("insufficient-scope");
    });
    expect(await todos.count().exec()).toBe(1);
  });

  it("while the account is suspended, and returns when it is resumed", async () => {
    const admin = await createAdministrator();
    const { user, app, name, todos, network } = await userWithDatabase();
    await submitAction(admin, user.name, "suspend");
    await waitUntil(() => network.closeCodes.length > 0);
    expect(network.closeCodes[0]).toBe(4403);
    await expectModuleUnchanged(user.name, async () => {
      await network.reconnect();
      await expect(todos.insert(todo("no"))).rejects.toThrow("suspended");
      await expect(openTodos(createClient(socketPath(app)), name)).rejects.toThrow("suspended");
      expect((await requestSession(app)).status).toBe(403);
    });
    await submitAction(admin, user.name, "resume");
    await network.reconnect();
    await todos.insert(todo("again"));
    expect(await todos.count().exec()).toBe(2);
  });

  it("when the account is deleted, with everything that was stored", async () => {
    const { user, app, todos, network } = await userWithDatabase();
    const account = await accountId(user.name);
    const large = new Blob([new Uint8Array(1_200_000)]);
    await (await todos.findOne("kept").exec(true)).putAttachment({
      id: "a",
      type: "a/b",
      data: large,
    });
    expect(await attachmentKeys(user.name)).toHaveLength(1);
    const object = await moduleObject(user.name);
    await sendForm("/settings/delete", { name: user.name }, { cookie: user.cookie });
    await runDueAlarms(user.name);
    await waitUntil(() => network.closeCodes.length > 0);
    const { objects } = await env.BODIES.list();
    expect(objects.filter(({ key }) => key.includes(account))).toEqual([]);
    expect(await object.inventory()).toEqual([]);
    const rows = Object.values(await moduleRows(user.name));
    expect(rows.flat()).toEqual([]);
    // The row stays for a second round of erasure, in case something arrived late.
    advanceClock(DAY_MS);
    await runDueAlarms(user.name);
    const left = await env.DB.prepare("SELECT * FROM rxdb_modules WHERE account = ?")
      .bind(account)
      .all();
    expect(left.results).toEqual([]);
    await expect(openTodos(createClient(socketPath(app)), uniqueDatabaseName())).rejects.toThrow(
      "unauthorized",
    );
    expect(Object.values(await moduleRows(user.name)).flat()).toEqual([]);
  });
});

describe("The quota", () => {
  const big = (id: string, bytes: number) => ({ ...todo(id), title: "x".repeat(bytes) });

  it("refuses writes that do not fit, without any effect, and accepts those that do", async () => {
    const { todos, user } = await userWithDatabase(RXDB_17, 200_000);
    await todos.insert(big("fits", 20_000));
    await expectModuleUnchanged(user.name, async () => {
      await expect(todos.insert(big("large", 250_000))).rejects.toThrow("over-quota");
      await expect(
        todos.bulkInsert(Array.from({ length: 30 }, (_, i) => big(`b${i}`, 10_000))),
      ).rejects.toThrow("over-quota");
      const kept = await todos.findOne("kept").exec(true);
      const data = new Blob([new Uint8Array(1_500_000)]);
      await expect(kept.putAttachment({ id: "a", type: "a/b", data })).rejects.toThrow(
        "over-quota",
      );
      await expect(kept.patch({ title: "x".repeat(300_000) })).rejects.toThrow("over-quota");
    });
    expect(await attachmentKeys(user.name)).toEqual([]);
    await todos.insert(big("fits too", 20_000));
    expect(idsOf(await todos.find({ sort: [{ id: "asc" }] }).exec())).toEqual([
      "fits",
      "fits too",
      "kept",
    ]);
  });

  it("is shared by documents and databases", async () => {
    const { user, app, todos } = await userWithDatabase(RXDB_17, 3_000_000);
    expect((await app.put("/notes/a", "x".repeat(1_800_000))).status).toBe(201);
    await expectModuleUnchanged(user.name, async () => {
      await expect(todos.insert(big("a", 1_300_000))).rejects.toThrow("over-quota");
    });
    expect((await app.delete("/notes/a")).status).toBe(200);
    advanceClock(31 * DAY_MS);
    await todos.insert(big("a", 1_200_000));
    await todos.insert(big("b", 1_200_000));
    expect((await app.put("/notes/b", "x".repeat(1_000_000))).status).toBe(507);
    expect((await app.get("/notes/b")).status).toBe(404);
    await todos.find({ selector: { id: { $ne: "kept" } } }).remove();
    advanceClock(SECOND_MS);
    await waitUntil(() => todos.storageInstance.cleanup(0));
    // The reservation is released when the deleted documents are not in the event log either.
    await todos.insert(todo("after"));
    advanceClock(11 * MINUTE_MS);
    expect(await runDurableObjectAlarm(await moduleObject(user.name))).toBe(true);
    expect((await app.put("/notes/b", "x".repeat(1_000_000))).status).toBe(201);
  });

  it("allows deletions when it is exceeded", async () => {
    const { app, todos } = await userWithDatabase();
    await todos.insert(big("large", 1_200_000));
    await setQuota(app, 1000);
    const more = ["b", "c"].map((id) => big(id, 1_200_000));
    await expect(todos.bulkInsert(more)).rejects.toThrow("over-quota");
    await (await todos.findOne("large").exec(true)).remove();
    expect(idsOf(await todos.find().exec())).toEqual(["kept"]);
  });
});

describe("Size limits", () => {
  it("refuse a document over 2 MB, and an answer over 16 MB with advice", async () => {
    const app = await createUserWithApp("todos:rw");
    const instance = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
    const sized = (id: string, bytes: number) =>
      storageDocument({ ...todo(id), title: "x".repeat(bytes) });
    await expect(insertDocuments(instance, sized("large", 2_200_000))).rejects.toThrow("too-large");
    expect(await queryIds(instance)).toEqual([]);
    await insertDocuments(instance, ...[..."0123456789"].map((i) => sized(`d${i}`, 1)));
    await enlargeTodos(app.user, 1_900_000);
    await expect(queryIds(instance)).rejects.toThrow(
      /too-large[\s\S]*limit and skip, or replication/,
    );
    expect(await queryIds(instance, { limit: 2, sort: [{ id: "asc" }] })).toEqual(["d0", "d1"]);
  });

  it("allow a document that just fits a row of SQLite with its id, which may be long", async () => {
    const app = await createUserWithApp("todos:rw");
    const instance = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
    const sized = (id: string, bytes: number) => {
      const rest = id.length + JSON.stringify(storageDocument({ ...todo(id), title: "" })).length;
      return storageDocument({ ...todo(id), title: "x".repeat(bytes - rest) });
    };
    for (const id of ["d", "d".repeat(90)]) {
      await expect(insertDocuments(instance, sized(id, 1_999_901))).rejects.toThrow("too-large");
      await insertDocuments(instance, sized(id, 1_999_900));
    }
    expect(await queryIds(instance, { limit: 3, sort: [{ id: "asc" }] })).toHaveLength(2);
  });

  it("allow the ids of many documents in one frame", async () => {
    const app = await createUserWithApp("todos:rw");
    const instance = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
    await insertDocuments(instance, storageDocument(todo("a")));
    const others = Array.from({ length: 10_000 }, (_, i) => `${i}`.padEnd(200, "-"));
    const documents = await instance.findDocumentsById([...others, "a"], false);
    expect(idsOf(documents as never)).toEqual(["a"]);
  });
});

describe("A schema", () => {
  it.each<[string, object, string]>([
    ["keyCompression", { keyCompression: true }, "UT5"],
    ["encrypted fields", { encrypted: ["title"] }, "UT6"],
    ["encrypted attachments", { attachments: { encrypted: true } }, "UT6"],
    ["compressed attachments", { attachments: { compression: "gzip" } }, "UT7"],
  ])(
    "with %s is refused if the app lacks RxDB's plugin, as RxDB's own storages refuse it",
    async (_, fields, code) => {
      const { app, name } = await userWithDatabase();
      await expectModuleUnchanged(app.user, async () => {
        for (const rxdb of RXDB_VERSIONS) {
          const client = createClient(socketPath(app), rxdb);
          const opened = openStorageInstance(client, name, { ...TODOS, ...fields });
          await expect(opened).rejects.toThrow(code);
        }
      });
    },
  );

  it("with a primary key that is no string is refused", async () => {
    const { app, name } = await userWithDatabase();
    const schema = { ...TODOS, primaryKey: "rank" };
    await expectModuleUnchanged(app.user, async () => {
      const opened = openStorageInstance(createClient(socketPath(app)), name, schema);
      await expect(opened).rejects.toThrow("no primary key that is a string");
    });
  });
});

describe("Frames that RxDB does not send", () => {
  let app: TestApp;
  let name: string;
  let socket: FrameSocket;
  beforeAll(async () => {
    app = await createUserWithApp("todos:rw");
    name = uniqueDatabaseName();
    socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(name) });
    await socket.call(bulkWriteFrame(storageDocument(todo("kept"))));
  });

  const NAMES = [
    "constructor",
    "__proto__",
    "toString",
    "hasOwnProperty",
    "ensurePersistence",
    "changeStream",
    "internals",
    "inventory",
    "erase",
    "",
    "Query",
  ];

  it.each(NAMES)("the method %j is refused", async (method) => {
    await expectModuleUnchanged(app.user, async () => {
      const answer = await socket.call({ method, params: [] });
      expect(answer).toMatchObject({ answerTo: "r", error: { code: "malformed" } });
      expect(answer).not.toHaveProperty("return");
    });
    expect(
      (await socket.call({ method: "findDocumentsById", params: [["kept"], false] })).return,
    ).toHaveLength(1);
  });

  it.each<[string, string | ArrayBuffer]>([
    ["nothing", ""],
    ["no JSON", "{"],
    ["text", "hello"],
    ["a number", "5"],
    ["null", "null"],
    ["an array", "[]"],
    ["an empty object", "{}"],
    ["only a connection", '{"connectionId":"c"}'],
    ["no method", '{"connectionId":"c","requestId":"x","params":[]}'],
    [
      "a prototype",
      '{"__proto__":{"method":"remove"},"connectionId":"c","requestId":"x","params":[]}',
    ],
    ["very deep JSON", `${"[".repeat(50_000)}${"]".repeat(50_000)}`],
    [
      "a long connection id",
      JSON.stringify({
        connectionId: "c".repeat(1e6),
        requestId: "x",
        method: "query",
        params: [],
      }),
    ],
    ["bytes", new Uint8Array([0, 255, 1, 2]).buffer],
  ])("%s closes the socket, and does no harm", async (_, frame) => {
    const own = await FrameSocket.open(socketPath(app));
    await own.call({ connectionId: "own", method: "create", params: createParams(name) });
    await expectModuleUnchanged(app.user, async () => {
      own.webSocket.send(frame);
      await waitUntil(() => own.closed !== null);
    });
    expect(own.closed?.code).toBe(1008);
    const { return: documents } = await socket.call({
      requestId: "next",
      method: "findDocumentsById",
      params: [["kept"], false],
    });
    expect(documents).toHaveLength(1);
  });

  it("more than 32 MiB are refused, without any effect", async () => {
    const own = await FrameSocket.open(socketPath(app));
    await own.call({ connectionId: "large", method: "create", params: createParams(name) });
    await expectModuleUnchanged(app.user, async () => {
      const frame = {
        connectionId: "large",
        requestId: "large",
        ...bulkWriteFrame(storageDocument(todo("large"))),
      };
      own.webSocket.send(JSON.stringify(frame).padEnd(33 * 1024 * 1024));
      await waitUntil(() => own.closed !== null || own.answers.some(({ error }) => error));
    });
    expect(own.answers.every(({ answerTo, error }) => answerTo !== "large" || error)).toBe(true);
    const { return: documents } = await socket.call({
      method: "findDocumentsById",
      params: [["kept"], false],
    });
    expect(documents).toHaveLength(1);
  });

  it("wrong types anywhere are answered with an error or handled as sent, and nothing breaks", async () => {
    const { app, todos } = await userWithDatabase();
    const socket = await FrameSocket.open(socketPath(app));
    const victim = uniqueDatabaseName();
    await socket.call({ method: "create", params: createParams(victim) });
    const instance = await openStorageInstance(createClient(socketPath(app)), victim);
    const query = JSON.parse(
      JSON.stringify(
        prepareMango(instance, {
          selector: { rank: { $gt: 1 }, title: { $regex: "a" } },
          sort: [{ rank: "asc" }],
          limit: 3,
          skip: 1,
        }),
      ),
    );
    const document = storageDocument(todo("a"), {
      _attachments: { f: { data: "YQ==", digest: "sha256-x", length: 1, type: "text/plain" } },
    });
    const validFrames: object[] = [
      { method: "create", params: createParams(uniqueDatabaseName()) },
      { ...bulkWriteFrame(document) },
      { method: "bulkWrite", params: [[{ document, previous: storageDocument(todo("a")) }], "x"] },
      { method: "findDocumentsById", params: [["a"], true] },
      { method: "query", params: [query] },
      { method: "count", params: [query] },
      { method: "getAttachmentData", params: ["a", "f", "sha256-x"] },
      { method: "getChangedDocumentsSince", params: [10, { id: "a", lwt: 1, seq: 1 }] },
      { method: "cleanup", params: [1000] },
      { method: "custom", params: { type: "whoami" } },
    ];
    const WRONG = [
      undefined,
      null,
      0,
      -1,
      1e308,
      0.5,
      "",
      "x",
      "\u0000",
      true,
      [],
      {},
      [[]],
      [null],
      { $gt: null },
    ];
    let sent = 0;
    const due: string[] = [];
    for (const frame of validFrames) {
      for (const mutant of mutants(frame, WRONG)) {
        const complete = {
          connectionId: "c",
          requestId: `m${sent++}`,
          version: "17.6.0",
          ...(mutant as { method?: unknown }),
        };
        // Without a method it is not a message of RxDB, and would close the socket.
        if (typeof complete.method !== "string") continue;
        socket.webSocket.send(JSON.stringify(complete));
        due.push(complete.requestId);
      }
    }
    socket.webSocket.send(
      JSON.stringify({
        connectionId: "c2",
        requestId: "end",
        method: "create",
        params: createParams(victim),
      }),
    );
    await waitUntil(() => socket.answers.some(({ answerTo }) => answerTo === "end"), 30_000);
    expect(socket.closed).toBeNull();
    const answered = new Set(socket.answers.map(({ answerTo }) => answerTo));
    expect(due.filter((id) => !answered.has(id))).toEqual([]);
    const codes = new Set(
      socket.answers.filter(({ error }) => error).map(({ error }) => error?.code),
    );
    const known = ["malformed", "not-found", "too-large", "unknown-connection", "removed"];
    expect(known).toEqual(expect.arrayContaining([...codes]));
    const messages = JSON.stringify(socket.answers.map(({ error }) => error?.message));
    expect(messages).not.toMatch(/SQLITE|TypeError|Cannot read|undefined|\.ts:|\bat /);
    // Both databases still work.
    expect((await todos.findOne("kept").exec(true)).toJSON()).toEqual(todo("kept"));
    const fresh = await openStorageInstance(createClient(socketPath(app)), victim);
    await insertDocuments(fresh, storageDocument(todo("fine")));
    expect(await queryIds(fresh, { selector: { id: "fine" } })).toEqual(["fine"]);
    await fresh.remove();
  });

  it("two rows for one document in one frame store it once, in every index", async () => {
    const app = await createUserWithApp("todos:rw");
    const instance = await openStorageInstance(createClient(socketPath(app)), uniqueDatabaseName());
    const one = storageDocument(todo("a", { rank: 1 }), { _rev: "1-a" });
    const two = storageDocument(todo("a", { rank: 2 }), { _rev: "1-b" });
    await instance.bulkWrite([{ document: one }, { document: two }] as never, "x").catch(() => {});
    const byId = await instance.findDocumentsById(["a"], true);
    for (const sort of [[{ rank: "asc" }], [{ done: "asc" }, { rank: "asc" }], [{ id: "desc" }]]) {
      const { documents } = await instance.query(prepareMango(instance, { sort }));
      expect(documents).toEqual(byId);
    }
  });
});

/** Yields the frame with each of its values in turn replaced by each wrong one. */
function* mutants(frame: object, wrong: unknown[]): Generator<object> {
  for (const path of pathsOf(frame)) {
    if (path[0] === "connectionId" || path[0] === "requestId") continue;
    for (const value of wrong) {
      const mutant = structuredClone(frame) as Record<string, unknown>;
      let parent = mutant;
      for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
      parent[path.at(-1) as string] = value;
      yield mutant;
    }
  }
}

/** The paths of all values inside a value, down to a depth. */
function pathsOf(value: unknown, depth = 0): string[][] {
  if (typeof value !== "object" || value === null || depth > 5) return [];
  return Object.entries(value)
    .slice(0, 6)
    .flatMap(([key, item]) => [[key], ...pathsOf(item, depth + 1).map((path) => [key, ...path])]);
}

describe("Too many frames", () => {
  it("are refused with the time to wait, without any effect, and are accepted after it", async () => {
    const { user, app, name } = await userWithDatabase();
    const socket = await FrameSocket.open(socketPath(app));
    await socket.call({ method: "create", params: createParams(name) });
    freezeClock();
    // All requests of the app count together, also those to other endpoints.
    const account = await accountId(user.name);
    const [grant] = await grantRows(user.name);
    const claims = { account, grant: grant?.id ?? "" };
    let refusal: Refusal | null = null;
    while (!refusal) refusal = limitApp(env, claims, Date.now());
    const { error } = await expectModuleUnchanged(app.user, () =>
      socket.call(bulkWriteFrame(storageDocument(todo("too many")))),
    );
    expect(error?.code).toBe("too-many-requests");
    expect(error?.retryAfterSeconds).toBeGreaterThan(0);
    await expect(openTodos(createClient(socketPath(app)), name)).rejects.toThrow(
      "too-many-requests",
    );
    expect((await requestSession(app)).status).toBe(429);
    advanceClock(Number(error?.retryAfterSeconds) * SECOND_MS);
    expect(
      (await socket.call({ method: "findDocumentsById", params: [["kept"], false] })).return,
    ).toHaveLength(1);
    expect(socket.closed?.code ?? 4429).toBe(4429);
  });
});
