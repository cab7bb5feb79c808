/** The client helper for RxDB against the local server, over lines that are good, bad and dead. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RxDBAttachmentsPlugin } from "rxdb/plugins/attachments";
import {
  addRxPlugin,
  createRxDatabase,
  fillWithDefaultSettings,
  type RxCollection,
  type RxDatabase,
} from "rxdb/plugins/core";
import { getRxStorageRemote } from "rxdb/plugins/storage-remote";
import { fillWithDefaultSettings as fillWithDefaultSettings16 } from "rxdb-16/plugins/core";
import { getRxStorageRemote as getRxStorageRemote16 } from "rxdb-16/plugins/storage-remote";
import { filter, firstValueFrom } from "rxjs";
import { test as base, describe, expect, onTestFinished, vi } from "vitest";
import { type ChannelOptions, discover, type Status, satchelChannel } from "../../client/index.js";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { openFlakyProxy } from "./flaky-proxy";
import { connectApp } from "./test-user";

addRxPlugin(RxDBAttachmentsPlugin);

/** Of a failure, to see it again. */
const SEED = Number(process.env.LINE_SEED || 5);

const INSERTS = 300;

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

/** One server for all; of every person only one test knows. */
const it = base
  .extend(
    "server",
    { scope: "file" },
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
    async ({}, { onCleanup }) => {
      const data = mkdtempSync(join(tmpdir(), "satchel-rxdb-"));
      const server = await startLocalServer({ data, quiet: true });
      onCleanup(async () => {
        await server.dispose();
        rmSync(data, { recursive: true, force: true });
      });
      return server.url;
    },
  )
  .extend("person", async ({ server: url }) => {
    const name = `alice-${++people}`;
    return { url, name, token: (await connectApp(url, name))(url).token };
  });

let people = 0;

const moduleAt = (url: string, name: string): string =>
  `${url.replace("http", "ws")}/rxdb/${name}/todos`;

/** Of an error of RxDB the code; as client/README.md has it. */
function codeOf({ message }: Error): string | undefined {
  const [, json] = /^could not [^{]+(\{.*)$/s.exec(message) ?? [];
  const told = json && JSON.parse(json);
  return (told?.error ?? told)?.code;
}

type Settings16 = Parameters<typeof getRxStorageRemote16>[0];

type Mode = "one" | "storage" | "database" | "collection";

let databases = 0;

/** Opens a database of to-dos through the helper. */
async function open(
  options: ChannelOptions,
  { mode = "storage", name = "todos" }: { mode?: Mode; name?: string } = {},
): Promise<Todos> {
  const messageChannelCreator = satchelChannel(options);
  onTestFinished(() => messageChannelCreator.close());
  const identifier = `remote-${++databases}`;
  const storage = getRxStorageRemote({ identifier, mode, messageChannelCreator });
  // RxDB opens the same database twice in one program only if its storages have two names.
  Object.assign(storage, { name: identifier });
  const database: Todos = await createRxDatabase({ name, storage, multiInstance: false });
  await database.addCollections({ todos: { schema: SCHEMA } });
  return database;
}

/** The ids that a live query ends at, once there are so many. */
async function untilThere(database: Todos, count: number): Promise<string[]> {
  const documents = await firstValueFrom(
    database.todos.find().$.pipe(filter(({ length }) => length === count)),
  );
  return documents.map(({ id }) => id).sort();
}

it(`keeps every insert and every change on sockets that die every 150 ms, LINE_SEED=${SEED}`, async ({
  person,
}) => {
  const { url, name, token } = person;
  const line = await openFlakyProxy(url, SEED);
  const settings = {
    url: moduleAt(line.url, name),
    token,
    timing: { minPauseMs: 20, maxPauseMs: 200 },
  };
  line.refusedShare = 0.3;
  line.cutEvery(150);
  const [writer, reader] = await Promise.all([open(settings), open(settings)]);
  const seen = [untilThere(writer, INSERTS), untilThere(reader, INSERTS)];
  const numbers = Array.from({ length: INSERTS }, (_, number) => number);
  for (const number of numbers) await writer.todos.insert(todo(number));
  const wanted = numbers.map((number) => todo(number).id).sort();
  expect(await Promise.all(seen)).toEqual([wanted, wanted]);
  // What is there, by a line that is good.
  line.cutEvery(0);
  const afterwards = await open({ url: moduleAt(url, name), token });
  const stored = await afterwards.todos.find().exec();
  expect(stored.map((one) => one.toJSON()).sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
    wanted.map((id) => ({ id, title: `No. ${id.slice("todo-".length)}` })),
  );
  expect(line.connectionCount).toBeGreaterThan(10);
});

describe("RxDB's remote storage through the helper", () => {
  it.for(["one", "storage", "database", "collection"] as const)(
    "works in mode %s, with changes from elsewhere",
    async (mode, { person }) => {
      const { url, name, token } = person;
      const settings = { url: moduleAt(url, name), token };
      const [here, there] = [await open(settings, { mode }), await open(settings, { mode })];
      const seen = untilThere(there, 2);
      await here.todos.bulkInsert([todo(1), todo(2)]);
      expect(await seen).toEqual(["todo-1", "todo-2"]);
      await here.close();
      expect(await there.todos.count().exec()).toBe(2);
      await there.close();
    },
  );

  it("carries attachments of RxDB 17", async ({ person }) => {
    const { url, name, token } = person;
    const database = await open({ url: moduleAt(url, name), token });
    const document = await database.todos.insert(todo(1));
    // More than one piece of what is converted at a time.
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    const data = new Blob([bytes]);
    const attachment = await document.putAttachment({ id: "a", data, type: "image/png" });
    const stored = await attachment.getData();
    expect(new Uint8Array(await stored.arrayBuffer())).toEqual(bytes);
  });

  it("carries attachments of RxDB 16, which has them as base64", async ({ person }) => {
    const { url, name, token } = person;
    const creator: unknown = satchelChannel({ url: moduleAt(url, name), token });
    // Types of two releases at once, of which an app has but one.
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

  it("answers customRequest() by a channel of its own", async ({ person }) => {
    const { url, name, token } = person;
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

describe("a line that is bad", () => {
  it("waits for a server that is not there yet", async ({ person }) => {
    const { url, name, token } = person;
    const line = await openFlakyProxy(url);
    line.refusedShare = 1;
    const states: Status[] = [];
    const opening = open({
      url: moduleAt(line.url, name),
      token,
      onStatus(status) {
        states.push(status);
        // The third time it is there.
        if (states.filter(({ state }) => state === "waiting").length === 3) line.refusedShare = 0;
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

  it("notices by itself that nobody is there any more", async ({ person }) => {
    const { url, name, token } = person;
    const line = await openFlakyProxy(url);
    const timing = { minPauseMs: 10, heartbeatMs: 200 };
    const database = await open({ url: moduleAt(line.url, name), token, timing });
    const elsewhere = await open({ url: moduleAt(url, name), token });
    const seen = untilThere(database, 1);
    line.freeze();
    await elsewhere.todos.insert(todo(1));
    expect(await seen).toEqual(["todo-1"]);
  });

  it("lets a database be closed without a network", async ({ person }) => {
    const { url, name, token } = person;
    const line = await openFlakyProxy(url);
    const states: string[] = [];
    const database = await open({
      url: moduleAt(line.url, name),
      token,
      onStatus: ({ state }) => states.push(state),
    });
    line.refusedShare = 1;
    line.cut();
    await database.close();
    expect(states.at(-1)).toBe("closed");
  });
});

it("answers what is asked after it was closed", async ({ person }) => {
  const { url, name, token } = person;
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
  it("asks for another token when one is refused, and goes on", async ({ person }) => {
    const { url, name, token } = person;
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

  it("tells RxDB what the server refuses for good, instead of waiting", async ({ person }) => {
    const { url, name } = person;
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

it("waits by itself when it has asked too often", async () => {
  const data = mkdtempSync(join(tmpdir(), "satchel-rxdb-"));
  const server = await startLocalServer({ data, quiet: true, vars: { REQUESTS_PER_SECOND: "1" } });
  onTestFinished(async () => {
    await server.dispose();
    rmSync(data, { recursive: true, force: true });
  });
  const { token } = (await connectApp(server.url, "alice"))(server.url);
  const url = moduleAt(server.url, "alice");
  const database = await open({ url, token });
  // With those of opening it more than may come at once.
  const count = 97;
  for (let number = 0; number < count; number++) await database.todos.insert(todo(number));
  const headers = { Authorization: `Bearer ${token}` };
  expect((await fetch(`${server.url}/storage/alice/`, { headers })).status).toBe(429);
  expect(await database.todos.count().exec()).toBe(count);
});

describe("a grant that ends", () => {
  it("is told to RxDB, while it is open and when it is asked for", async ({ person }) => {
    const { url, name, token } = person;
    let hear = (_: Status): void => {};
    const refused = new Promise<Status>((resolve) => {
      hear = (status) => status.state === "refused" && resolve(status);
    });
    const onStatus = (status: Status) => hear(status);
    const database = await open({ url: moduleAt(url, name), token, onStatus });
    await database.todos.insert(todo(1));
    const body = new URLSearchParams({ token });
    expect((await fetch(`${url}/oauth/revoke`, { method: "POST", body })).status).toBe(200);
    expect((await refused).error?.code).toBe("unauthorized");
    await expect(database.todos.insert(todo(2))).rejects.toThrow(/"code": "unauthorized"/);
    await database.close();
  });
});

describe("a collection that somebody else removes", () => {
  const insertion = (number: number) => ({
    document: {
      ...todo(number),
      _deleted: false,
      _meta: { lwt: number },
      _rev: "1-a",
      _attachments: {},
    },
  });

  /** A storage alone: a database of RxDB would close its collection by itself now and then. */
  const openStorage = (options: ChannelOptions) => {
    const messageChannelCreator = satchelChannel(options);
    onTestFinished(() => messageChannelCreator.close());
    return getRxStorageRemote({
      identifier: "alone",
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

  /** Two who have it open, and what the second is told. */
  async function openTwice({ url, name, token }: { url: string; name: string; token: string }) {
    const line = await openFlakyProxy(url);
    const told: Status[] = [];
    const here = await openStorage({ url: moduleAt(url, name), token });
    const there = await openStorage({
      url: moduleAt(line.url, name),
      token,
      timing: { minPauseMs: 10 },
      onStatus: (status) => told.push(status),
    });
    const write = (number: number) => there.bulkWrite([insertion(number)], "test").catch(codeOf);
    const lost = () => told.flatMap(({ state, error }) => (state === "lost" ? [error?.code] : []));
    return { here, there, line, write, lost };
  }

  it("is told at once, once, and to every request after", async ({ person }) => {
    const { here, there, line, write, lost } = await openTwice(person);
    await here.remove();
    // Nobody has asked for anything.
    await vi.waitFor(() => expect(lost()).toEqual(["removed"]));
    expect(await write(1)).toBe("removed");
    // Nothing makes it anew, on another socket neither.
    line.cut();
    expect(await write(2)).toBe("removed");
    await there.close();
    expect(lost()).toEqual(["removed"]);
  });

  it("is told to who was away when it happened", async ({ person }) => {
    const { here, line, write, lost } = await openTwice(person);
    line.refusedShare = 1;
    line.cut();
    await here.remove();
    const written = write(1);
    line.refusedShare = 0;
    expect(await written).toBe("removed");
    expect(lost()).toEqual(["removed"]);
  });
});

it("says what it needs where there are no WebSockets", () => {
  vi.stubGlobal("WebSocket", undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(() => satchelChannel({ url: "ws://localhost/rxdb/alice/todos", token: "" })).toThrow(
    "needs a WebSocket: Node 22 or newer, or a browser",
  );
});

describe("discovery", () => {
  it("finds everything by the address alone", async ({ person }) => {
    const { url, name, token } = person;
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
    "%j is no address",
    async (address) => {
      await expect(discover(address)).rejects.toMatchObject({ code: "malformed" });
    },
  );
});
