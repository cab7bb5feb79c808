/** The client for RxDB (`client/`) against the local server, over good, bad and dead networks. */

import { RxDBAttachmentsPlugin } from "rxdb/plugins/attachments";
import {
  addRxPlugin,
  createRxDatabase,
  fillWithDefaultSettings,
  type RxCollection,
  type RxDatabase,
} from "rxdb/plugins/core";
import { getRxStorageRemote } from "rxdb/plugins/storage-remote";
import { getRxStorageRemoteWebsocket } from "rxdb/plugins/storage-remote-websocket";
import { fillWithDefaultSettings as fillWithDefaultSettings16 } from "rxdb-16/plugins/core";
import { getRxStorageRemote as getRxStorageRemote16 } from "rxdb-16/plugins/storage-remote";
import { getRxStorageRemoteWebsocket as getRxStorageRemoteWebsocket16 } from "rxdb-16/plugins/storage-remote-websocket";
import { filter, firstValueFrom } from "rxjs";
import { describe, expect, onTestFinished, vi } from "vitest";
import { type ChannelOptions, discover, type Status, satchelChannel } from "../../client/index.js";
import { openFlakyProxy } from "./flaky-proxy";
import { startTemporaryServer, testWithServer } from "./shared-server";
import { connectUser } from "./test-user";

addRxPlugin(RxDBAttachmentsPlugin);

/** Repeats the run of a failure. */
const SEED = Number(process.env.PROXY_SEED || 5);

const INSERTS = 100;

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 20 },
    title: { type: "string" },
  },
  attachments: {},
  required: ["id", "title"],
} as const;

interface Todo {
  id: string;
  title: string;
}

type Todos = RxDatabase<{ todos: RxCollection<Todo> }>;

const todo = (number: number): Todo => ({ id: `todo-${number}`, title: `No. ${number}` });

/** One server for all tests; each test has a user of its own. */
const it = testWithServer().extend("user", async ({ server: { url }, createUser }) => {
  const { name, token } = await createUser();
  return { url, name, token };
});

const moduleAt = (url: string, name: string): string =>
  `${url.replace("http", "ws")}/rxdb/${name}/todos`;

/** The code in an error of RxDB; as in client/README.md. */
function codeOf({ message }: Error): string | undefined {
  const [, json] = /^could not [^{]+(\{.*)$/s.exec(message) ?? [];
  const details = json && JSON.parse(json);
  return (details?.error ?? details)?.code;
}

type Settings16 = Parameters<typeof getRxStorageRemote16>[0];

type Mode = "one" | "storage" | "database" | "collection";

let databases = 0;

/** Opens a database of to-dos with the client. It is closed after the test. */
async function open(
  options: ChannelOptions,
  { mode = "storage", name = "todos" }: { mode?: Mode; name?: string } = {},
): Promise<Todos> {
  const messageChannelCreator = satchelChannel(options);
  onTestFinished(() => messageChannelCreator.close());
  const identifier = `remote-${++databases}`;
  const storage = getRxStorageRemote({ identifier, mode, messageChannelCreator });
  // RxDB opens the same database twice in one process only if its storages have different names.
  Object.assign(storage, { name: identifier });
  const database: Todos = await createRxDatabase({ name, storage, multiInstance: false });
  // A process may have 16 collections at a time. This does not wait: the channel may be closed.
  onTestFinished(() => void database.close().catch(() => {}));
  await database.addCollections({ todos: { schema: SCHEMA } });
  return database;
}

/** Waits until a live query has so many documents. Returns their ids, sorted. */
async function waitForIds(database: Todos, count: number): Promise<string[]> {
  const documents = await firstValueFrom(
    database.todos.find().$.pipe(filter(({ length }) => length === count)),
  );
  return documents.map(({ id }) => id).sort();
}

it(`loses no insert and no event if sockets die again and again, PROXY_SEED=${SEED}`, async ({
  user,
}) => {
  const { url, name, token } = user;
  const proxy = await openFlakyProxy(url, SEED);
  const settings = {
    url: moduleAt(proxy.url, name),
    token,
    timing: { minPauseMs: 20, maxPauseMs: 200 },
  };
  proxy.refusedShare = 0.3;
  proxy.maxPieces = 40;
  const [writer, reader] = await Promise.all([open(settings), open(settings)]);
  const seen = [waitForIds(writer, INSERTS), waitForIds(reader, INSERTS)];
  const numbers = Array.from({ length: INSERTS }, (_, number) => number);
  for (const number of numbers) await writer.todos.insert(todo(number));
  const expectedIds = numbers.map((number) => todo(number).id).sort();
  expect(await Promise.all(seen)).toEqual([expectedIds, expectedIds]);
  // What is stored, over a good network.
  proxy.maxPieces = 0;
  const afterwards = await open({ url: moduleAt(url, name), token });
  const stored = await afterwards.todos.find().exec();
  expect(stored.map((one) => one.toJSON()).sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
    expectedIds.map((id) => ({ id, title: `No. ${id.slice("todo-".length)}` })),
  );
  expect(proxy.connectionCount).toBeGreaterThan(10);
});

describe("RxDB's remote storage with the client", () => {
  it.for(["one", "storage", "database", "collection"] as const)(
    "works in mode %s, with changes of another client",
    async (mode, { user }) => {
      const { url, name, token } = user;
      const settings = { url: moduleAt(url, name), token };
      const [first, second] = [await open(settings, { mode }), await open(settings, { mode })];
      const seen = waitForIds(second, 2);
      await first.todos.bulkInsert([todo(1), todo(2)]);
      expect(await seen).toEqual(["todo-1", "todo-2"]);
      await first.close();
      expect(await second.todos.count().exec()).toBe(2);
      await second.close();
    },
  );

  it("transfers attachments of RxDB 17", async ({ user }) => {
    const { url, name, token } = user;
    const database = await open({ url: moduleAt(url, name), token });
    const document = await database.todos.insert(todo(1));
    // More than are converted at a time.
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    const data = new Blob([bytes]);
    const attachment = await document.putAttachment({ id: "a", data, type: "image/png" });
    const stored = await attachment.getData();
    expect(new Uint8Array(await stored.arrayBuffer())).toEqual(bytes);
  });

  it("transfers attachments of RxDB 16, which are base64", async ({ user }) => {
    const { url, name, token } = user;
    const creator: unknown = satchelChannel({ url: moduleAt(url, name), token });
    // The types of two releases of RxDB; an app has only one.
    const messageChannelCreator = creator as Settings16["messageChannelCreator"];
    const storage = getRxStorageRemote16({ identifier: "16", messageChannelCreator });
    const instance = await storage.createStorageInstance({
      databaseInstanceToken: "token",
      databaseName: "todos",
      collectionName: "todos",
      schema: fillWithDefaultSettings16<Todo>(SCHEMA),
      options: {},
      multiInstance: false,
      devMode: false,
    });
    const data = btoa("Hello");
    const document = {
      ...todo(1),
      _deleted: false,
      _meta: { lwt: 1 },
      _rev: "1-a",
      _attachments: { a: { data, digest: "a", length: 5, type: "text/plain" } },
    };
    expect(await instance.bulkWrite([{ document }], "test")).toEqual({ error: [] });
    expect(await instance.getAttachmentData("todo-1", "a", "a")).toBe(data);
    await instance.close();
  });

  it("answers customRequest() over a channel of its own", async ({ user }) => {
    const { url, name, token } = user;
    const states: string[] = [];
    const storage = getRxStorageRemote({
      identifier: "custom",
      messageChannelCreator: satchelChannel({
        url: moduleAt(url, name),
        token,
        onStatus: ({ state }) => states.push(state),
      }),
    });
    const answer = await storage.customRequest("whoami");
    expect(answer).toMatchObject({ user: name, module: "todos", access: "rw" });
    expect(states).toEqual([]);
  });
});

describe("on a bad network", () => {
  it("waits for a server that is not up yet", async ({ user }) => {
    const { url, name, token } = user;
    const proxy = await openFlakyProxy(url);
    proxy.refusedShare = 1;
    const states: Status[] = [];
    const opening = open({
      url: moduleAt(proxy.url, name),
      token,
      onStatus(status) {
        states.push(status);
        // From the third time on it is up.
        if (states.filter(({ state }) => state === "waiting").length === 3) proxy.refusedShare = 0;
      },
    });
    const database = await opening;
    await database.todos.insert(todo(1));
    expect(states.map(({ state }) => state)).toEqual([
      ...["connecting", "waiting", "connecting", "waiting", "connecting", "waiting"],
      ...["connecting", "live"],
    ]);
    const pauses = states.flatMap(({ retryInMs }) => retryInMs ?? []);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    const waiting = states.filter(({ state }) => state === "waiting");
    expect(new Set(waiting.map(({ error }) => error?.code))).toEqual(new Set(["unreachable"]));
    expect(waiting[0]?.error?.message).toMatch(/^The server cannot be reached\. \(.+\)$/);
  });

  it("notices a dead socket by itself", async ({ user }) => {
    const { url, name, token } = user;
    const proxy = await openFlakyProxy(url);
    const timing = { minPauseMs: 10, heartbeatMs: 200 };
    const database = await open({ url: moduleAt(proxy.url, name), token, timing });
    const other = await open({ url: moduleAt(url, name), token });
    const seen = waitForIds(database, 1);
    proxy.freeze();
    await other.todos.insert(todo(1));
    expect(await seen).toEqual(["todo-1"]);
  });

  it("lets a database be closed without a network", async ({ user }) => {
    const { url, name, token } = user;
    const proxy = await openFlakyProxy(url);
    const states: string[] = [];
    const database = await open({
      url: moduleAt(proxy.url, name),
      token,
      onStatus: ({ state }) => states.push(state),
    });
    proxy.refusedShare = 1;
    proxy.cut();
    await database.close();
    expect(states.at(-1)).toBe("closed");
  });
});

it("still answers requests after it was closed", async ({ user }) => {
  const { url, name, token } = user;
  const messageChannelCreator = satchelChannel({ url: moduleAt(url, name), token });
  const storage = getRxStorageRemote({ identifier: "closed", messageChannelCreator });
  const database: Todos = await createRxDatabase({ name: "closed", storage, multiInstance: false });
  await database.addCollections({ todos: { schema: SCHEMA } });
  await messageChannelCreator.close();
  const inserted = database.todos.insert(todo(1)).catch((error: Error) => codeOf(error));
  expect(await inserted).toBe("closed");
  await database.close();
});

describe("tokens", () => {
  it("asks for another token when one is refused, and continues", async ({ user }) => {
    const { url, name, token } = user;
    const refused: (string | undefined)[] = [];
    const database = await open({
      url: moduleAt(url, name),
      token: (old) => {
        refused.push(old);
        return old === undefined ? "expired" : token;
      },
    });
    await database.todos.insert(todo(1));
    expect(refused).toEqual([undefined, "expired"]);
  });

  it("tells RxDB of a final refusal, instead of waiting", async ({ user }) => {
    const { url, name } = user;
    const states: Status[] = [];
    const opening = open({
      url: moduleAt(url, name),
      token: "wrong",
      onStatus: (status) => states.push(status),
    });
    expect(await opening.catch(codeOf)).toBe("unauthorized");
    expect(states.find(({ state }) => state === "refused")?.error?.code).toBe("unauthorized");
  });
});

it.for([
  ["16", getRxStorageRemoteWebsocket16 as unknown as typeof getRxStorageRemoteWebsocket],
  ["17", getRxStorageRemoteWebsocket],
] as const)(
  "tells RxDB's own client (%s) whose token ends while it reconnects, and does not make it hurry",
  async ([, getStorage], { user: { url, name, token } }) => {
    const proxy = await openFlakyProxy(url);
    const storage = getStorage({
      url: `${moduleAt(proxy.url, name)}?access_token=${token}`,
      mode: "storage",
    });
    const instance = await storage.createStorageInstance<Todo>({
      databaseInstanceToken: "token",
      databaseName: "todos",
      collectionName: "todos",
      schema: fillWithDefaultSettings<Todo>(SCHEMA),
      options: {},
      multiInstance: false,
      devMode: false,
    });
    proxy.cut();
    const body = new URLSearchParams({ token });
    expect((await fetch(`${url}/oauth/revoke`, { method: "POST", body })).status).toBe(200);
    const before = proxy.connectionCount;
    const found = instance.findDocumentsById(["a"], false);
    expect(await found.catch(codeOf)).toBe("unauthorized");
    expect(proxy.connectionCount).toBeLessThanOrEqual(before + 2);
    // close() of the instance would be refused, and its socket would connect again and again.
    await instance.internals.messageChannel.close();
  },
);

it("waits by itself when the server answers that there are too many requests", async () => {
  const server = await startTemporaryServer({ REQUESTS_PER_SECOND: "1" });
  onTestFinished(server.dispose);
  const { token } = await connectUser(server, "alice");
  const url = moduleAt(server.url, "alice");
  const database = await open({ url, token });
  // Together with those that open the database, more than the rate limit allows.
  const count = 97;
  const numbers = Array.from({ length: count }, (_, number) => number);
  await Promise.all(numbers.map((number) => database.todos.insert(todo(number))));
  // So many that some are refused, however long all of this has taken.
  const headers = { Authorization: `Bearer ${token}` };
  const listings = numbers.map(() => fetch(`${server.url}/storage/alice/`, { headers }));
  expect((await Promise.all(listings)).map(({ status }) => status)).toContain(429);
  expect(await database.todos.count().exec()).toBe(count);
});

describe("when the grant ends", () => {
  it("RxDB is told, in onStatus and in the answer to a request", async ({ user }) => {
    const { url, name, token } = user;
    let handle = (_: Status): void => {};
    const refused = new Promise<Status>((resolve) => {
      handle = (status) => status.state === "refused" && resolve(status);
    });
    const onStatus = (status: Status) => handle(status);
    const database = await open({ url: moduleAt(url, name), token, onStatus });
    await database.todos.insert(todo(1));
    const body = new URLSearchParams({ token });
    expect((await fetch(`${url}/oauth/revoke`, { method: "POST", body })).status).toBe(200);
    expect((await refused).error?.code).toBe("unauthorized");
    await expect(database.todos.insert(todo(2))).rejects.toThrow(/"code": "unauthorized"/);
    await database.close();
  });
});

describe("when another client removes a collection", () => {
  const insertion = (number: number) => ({
    document: {
      ...todo(number),
      _deleted: false,
      _meta: { lwt: number },
      _rev: "1-a",
      _attachments: {},
    },
  });

  /** Only a storage: a database of RxDB sometimes closes its collection by itself. */
  const openStorage = (options: ChannelOptions) => {
    const messageChannelCreator = satchelChannel(options);
    onTestFinished(() => messageChannelCreator.close());
    return getRxStorageRemote({
      identifier: "storage-only",
      messageChannelCreator,
    }).createStorageInstance<Todo>({
      databaseInstanceToken: "token",
      databaseName: "todos",
      collectionName: "todos",
      schema: fillWithDefaultSettings<Todo>(SCHEMA),
      options: {},
      multiInstance: false,
      devMode: false,
    });
  };

  /** Opens the collection in two clients. `lost` returns the errors that the second one gets. */
  async function openTwice({ url, name, token }: { url: string; name: string; token: string }) {
    const proxy = await openFlakyProxy(url);
    const statuses: Status[] = [];
    const first = await openStorage({ url: moduleAt(url, name), token });
    const second = await openStorage({
      url: moduleAt(proxy.url, name),
      token,
      timing: { minPauseMs: 10 },
      onStatus: (status) => statuses.push(status),
    });
    const write = (number: number) => second.bulkWrite([insertion(number)], "test").catch(codeOf);
    const lost = () =>
      statuses.flatMap(({ state, error }) => (state === "lost" ? [error?.code] : []));
    return { first, second, proxy, write, lost };
  }

  it("the others are told at once, only once, and in each answer", async ({ user }) => {
    const { first, second, proxy, write, lost } = await openTwice(user);
    await first.remove();
    // Without any request.
    await vi.waitFor(() => expect(lost()).toEqual(["removed"]), { timeout: 60_000 });
    expect(await write(1)).toBe("removed");
    // It is not created again, not even on another socket.
    proxy.cut();
    expect(await write(2)).toBe("removed");
    await second.close();
    expect(lost()).toEqual(["removed"]);
  });

  it("a client that was offline is told later", async ({ user }) => {
    const { first, proxy, write, lost } = await openTwice(user);
    proxy.refusedShare = 1;
    proxy.cut();
    await first.remove();
    const written = write(1);
    proxy.refusedShare = 0;
    expect(await written).toBe("removed");
    expect(lost()).toEqual(["removed"]);
  });
});

it("throws an error that explains what is missing without WebSockets", () => {
  vi.stubGlobal("WebSocket", undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(() => satchelChannel({ url: "ws://localhost/rxdb/alice/todos", token: "" })).toThrow(
    "needs a WebSocket: Node 22 or newer, or a browser",
  );
});

describe("discovery", () => {
  it("finds all endpoints by the address", async ({ user }) => {
    const { url, name, token } = user;
    const address = `${name}@${new URL(url).host}`;
    const found = await discover(address);
    expect(found).toMatchObject({
      address,
      storage: `${url}/storage/${name}`,
      quota: `${url}/quota/${name}`,
      authorizationEndpoint: `${url}/oauth/authorize/${name}`,
      tokenEndpoint: `${url}/oauth/token`,
    });
    expect(found.urlOf("todos")).toBe(moduleAt(url, name));
    const database = await open({ address, module: "todos", token });
    await database.todos.insert(todo(1));
  });

  it.for(["alice", "alice@", "@example.com", "alice@exa mple.com", "alice@example.com/"])(
    "%j is not an address",
    async (address) => {
      await expect(discover(address)).rejects.toMatchObject({ code: "malformed" });
    },
  );
});
