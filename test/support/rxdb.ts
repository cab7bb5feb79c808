/** Unmodified RxDB clients on the Worker's own web sockets: people, databases, cuts, what arrived. */

import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import {
  createRxDatabase,
  fillWithDefaultSettings,
  type MigrationStrategies,
  normalizeMangoQuery,
  prepareQuery,
  type RxCollection,
  type RxDatabase,
  type RxJsonSchema,
  type RxStorage,
  type RxStorageInstance,
} from "rxdb/plugins/core";
import {
  getRxStorageRemote,
  type MessageFromRemote,
  type MessageToRemote,
  type RemoteMessageChannel,
  type RxStorageRemote,
} from "rxdb/plugins/storage-remote";
import { createRxDatabase as createRxDatabase16 } from "rxdb-16/plugins/core";
import { getRxStorageRemote as getRxStorageRemote16 } from "rxdb-16/plugins/storage-remote";
import { Subject } from "rxjs";
import { expect, onTestFinished } from "vitest";
import { moduleStub } from "../../src/modules/modules";
import { accountId, allRows } from "./rows";
import { incomingRequest, listBodyKeys, send, type TestApp } from "./provider";

/** One version of RxDB as an app has it from npm. */
export interface Kit {
  version: string;
  createRxDatabase: typeof createRxDatabase;
  getRxStorageRemote: typeof getRxStorageRemote;
}

export const RXDB_17: Kit = { version: "17", createRxDatabase, getRxStorageRemote };

export const RXDB_16: Kit = {
  version: "16",
  createRxDatabase: createRxDatabase16 as unknown as typeof createRxDatabase,
  getRxStorageRemote: getRxStorageRemote16 as unknown as typeof getRxStorageRemote,
};

export const KITS = [RXDB_16, RXDB_17];

let names = 0;

/** A name that no other database or identifier of this file has. */
export const freshDatabase = (): string => `db${++names}`;

/** The path of the door for this app's module, with its token. */
export const doorOf = (app: TestApp, module = "todos"): string =>
  `/rxdb/${app.user}/${module}?${new URLSearchParams({ access_token: app.token })}`;

/** A request to upgrade, as a browser sends it. */
export const upgrade = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  exports.default.fetch(incomingRequest(path, { headers: { Upgrade: "websocket", ...headers } }));

/** A socket that the door has let in, accepted on our side. */
export async function dial(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const response = await upgrade(path, headers);
  if (response.status !== 101 || !response.webSocket) {
    throw new Error(`No socket: ${response.status} ${await response.text()}`);
  }
  response.webSocket.accept();
  return response.webSocket;
}

/**
 * The network between one client and the door. It can be cut and mended; what is sent meanwhile goes
 * out when it is mended, as the reconnecting socket of RxDB's own plugin has it.
 */
export class Network {
  /** All frames that went out, oldest first. */
  readonly sent: string[] = [];
  /** All frames that came, oldest first. */
  readonly received: MessageFromRemote[] = [];
  /** Codes with which the server has closed sockets. */
  readonly closed: number[] = [];
  #url: () => string | Promise<string>;
  #links = new Set<Link>();
  #isCut = false;
  /** What is done to each message on its way out. */
  change: (message: MessageToRemote) => object = (message) => message;

  constructor(url: string | (() => string | Promise<string>)) {
    this.#url = typeof url === "string" ? () => url : url;
  }

  /** For `getRxStorageRemote`. */
  readonly messageChannelCreator = async (): Promise<RemoteMessageChannel> => {
    const link = new Link(this);
    this.#links.add(link);
    if (!this.#isCut) await link.open(await this.#url());
    return {
      messages$: link.messages$,
      send: (message) => link.send(message),
      close: async () => {
        this.#links.delete(link);
        link.close();
      },
    };
  };

  /** Closes all sockets, from the side of the client. */
  cut(): void {
    this.#isCut = true;
    for (const link of this.#links) link.close();
  }

  /** Opens them again at the same door, without a word of RxDB about it. */
  async mend(url?: string): Promise<void> {
    if (url !== undefined) this.#url = () => url;
    this.#isCut = false;
    for (const link of this.#links) link.close();
    for (const link of this.#links) await link.open(await this.#url());
  }

  /** The bulks of events that came, in order. */
  get bulks(): EventBulk[] {
    return bulksIn(this.received);
  }
}

/** The bulks of events among messages. */
const bulksIn = (messages: { method: string; return?: unknown }[]): EventBulk[] =>
  messages
    .filter(({ method }) => method === "changeStream")
    .map(({ return: bulk }) => (typeof bulk === "string" ? JSON.parse(bulk) : bulk));

export interface EventBulk {
  id: string;
  events: object[];
  checkpoint: unknown;
  context: string;
}

/** One socket and the next ones that take its place. */
class Link {
  readonly messages$ = new Subject<MessageFromRemote>();
  #network: Network;
  #socket: WebSocket | null = null;
  #waiting: string[] = [];

  constructor(network: Network) {
    this.#network = network;
  }

  async open(url: string): Promise<void> {
    const socket = await dial(url);
    socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
    socket.addEventListener("close", ({ code }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#network.closed.push(code);
    });
    this.#socket = socket;
    for (const frame of this.#waiting.splice(0)) socket.send(frame);
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  /** A message without attachments goes out at once, so that the order is kept. */
  send(message: MessageToRemote): void | Promise<void> {
    const blobs: Promise<void>[] = [];
    const plain = withoutBlobs(this.#network.change(message), blobs);
    const go = () => {
      const frame = JSON.stringify(plain);
      this.#network.sent.push(frame);
      if (this.#socket) this.#socket.send(frame);
      else this.#waiting.push(frame);
    };
    return blobs.length > 0 ? Promise.all(blobs).then(go) : go();
  }

  #receive(frame: string): void {
    const message = JSON.parse(frame) as MessageFromRemote;
    this.#network.received.push(message);
    this.messages$.next(message);
  }
}

/** A copy with base64 in place of each Blob, once all promises in `blobs` are kept. */
export function withoutBlobs(value: unknown, blobs: Promise<void>[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutBlobs(item, blobs));
  if (typeof value !== "object" || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item instanceof Blob) {
      const set = (text: string) => {
        copy[key] = text;
      };
      blobs.push(base64Of(item).then(set));
    } else if (key === "__proto__") {
      Object.defineProperty(copy, key, { value: withoutBlobs(item, blobs), enumerable: true });
    } else copy[key] = withoutBlobs(item, blobs);
  }
  return copy;
}

export const base64Of = async (blob: Blob): Promise<string> =>
  Buffer.from(await blob.arrayBuffer()).toString("base64");

const isVersion17 = (kit: Kit): boolean => kit.version === "17";

let storages = 0;

export interface Client {
  network: Network;
  storage: RxStorageRemote;
  /** Opens a database; RxDB takes it for one of another process. */
  open(name: string, options?: object): Promise<RxDatabase>;
}

/** A client like a browser of its own. RxDB 17 has Blobs where version 16 has base64. */
export function client(url: string | Network, kit = RXDB_17, mode: Mode = "storage"): Client {
  const network = typeof url === "string" ? new Network(url) : url;
  const identifier = `client-${++storages}`;
  const storage = kit.getRxStorageRemote({
    identifier,
    mode,
    messageChannelCreator: isVersion17(kit)
      ? async () => withBlobs(await network.messageChannelCreator())
      : network.messageChannelCreator,
  });
  // Two databases of one name in one process have to be on storages of different names.
  Object.assign(storage, { name: identifier });
  const open = (name: string, options: object = {}): Promise<RxDatabase> =>
    kit.createRxDatabase({
      name,
      storage: storage as unknown as RxStorage<unknown, unknown>,
      multiInstance: false,
      ...options,
    });
  return { network, storage, open };
}

export type Mode = "one" | "storage" | "database" | "collection";

/** Answers with attachments become Blobs, as RxDB's plugin for web sockets does it. */
function withBlobs(channel: RemoteMessageChannel): RemoteMessageChannel {
  const messages$ = new Subject<MessageFromRemote>();
  channel.messages$.subscribe((message) => {
    const isData = message.method === "getAttachmentData" && typeof message.return === "string";
    const data = isData ? new Blob([Buffer.from(message.return, "base64")]) : message.return;
    messages$.next(isData ? { ...message, return: data } : message);
  });
  return { ...channel, messages$ };
}

/** Waits until it holds; it is looked at as often as messages may have come. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 5000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${holds}`);
    await scheduler.wait(2);
  }
}

/** Answers may have what they return as JSON in a string, for RxDB to parse. */
const parsed = (answer: Answer): Answer =>
  typeof answer.return === "string" &&
  !["create", "custom", "getAttachmentData"].includes(answer.method)
    ? { ...answer, return: JSON.parse(answer.return) }
    : answer;

/** A socket for frames written by hand. */
export class Frames {
  readonly answers: Answer[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      if (data !== "pong") this.answers.push(parsed(JSON.parse(String(data))));
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
  }

  get bulks(): EventBulk[] {
    return bulksIn(this.answers);
  }

  static open = async (path: string): Promise<Frames> => new Frames(await dial(path));

  /** Sends a frame and waits for the answer to it. */
  async ask(frame: Frame): Promise<Answer> {
    const { length } = this.answers;
    const isOurs = ({ answerTo }: Answer) => answerTo === (frame.requestId ?? "r");
    this.socket.send(
      JSON.stringify({ connectionId: "c", requestId: "r", version: "17.6.0", ...frame }),
    );
    await until(() => this.answers.slice(length).some(isOurs));
    return this.answers.slice(length).find(isOurs) as Answer;
  }
}

export interface Frame {
  connectionId?: string;
  requestId?: string;
  method: string;
  params: unknown;
  retry?: boolean;
}

export interface Answer {
  connectionId: string;
  answerTo: string;
  method: string;
  return?: unknown;
  error?: { name: string; code?: string; message: string; retryAfterSeconds?: number };
}

export interface Todo {
  id: string;
  title: string;
  rank: number;
  done: boolean;
  tags?: string[];
}

export const TODOS: RxJsonSchema<Todo> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 50 },
    title: { type: "string", maxLength: 100 },
    rank: { type: "integer", minimum: 0, maximum: 1000, multipleOf: 1 },
    done: { type: "boolean" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["id", "title", "rank", "done"],
  indexes: ["rank", ["done", "rank"]],
  attachments: {},
};

export const todo = (id: string, fields: Partial<Todo> = {}): Todo => ({
  id,
  title: `to do: ${id}`,
  rank: 1,
  done: false,
  ...fields,
});

export interface Opened {
  database: RxDatabase;
  todos: RxCollection<Todo>;
}

interface HowToOpen {
  schema?: object;
  options?: object;
  migrationStrategies?: MigrationStrategies;
  /** It outlives the test. */
  isShared?: boolean;
}

/** A database with its collection of things to do. It is closed after the test. */
export async function openTodos(
  of: Client,
  name: string,
  { schema = TODOS, options = {}, isShared = false, ...creator }: HowToOpen = {},
): Promise<Opened> {
  const database = await of.open(name, options);
  const { todos } = await database.addCollections({
    todos: { schema: schema as typeof TODOS, ...creator },
  });
  // A process may have 16 collections at a time. Nobody waits: the socket may be gone for good.
  if (!isShared) onTestFinished(() => void todos?.close().catch(() => {}));
  return { database, todos: todos as RxCollection<Todo> };
}

/** The ids in this order. */
export const idsOf = (documents: { id: string }[]): string[] => documents.map(({ id }) => id);

/** What a live query has shown last, by the ids of its documents. */
export function watch(query: { $: { subscribe(next: (documents: Todo[]) => void): unknown } }) {
  const live = { ids: [] as string[], documents: [] as Todo[], count: 0 };
  query.$.subscribe((documents) => {
    live.documents = documents;
    live.ids = idsOf(documents);
    live.count++;
  });
  return live;
}

/** Asks for a session with the app's token. */
export const askForSession = (
  app: TestApp,
  module = "todos",
  { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {},
): Promise<Response> =>
  send(`/rxdb/${app.user}/${module}/session`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${app.token}`,
      "Content-Type": "application/json",
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

export interface Session {
  url: string;
  session: string;
  expiresAt: number | null;
}

/** The path of a session's door: its URL without scheme and host. */
export const pathOfSession = ({ url }: Session): string => {
  const { pathname, search } = new URL(url);
  return pathname + search;
};

export async function sessionOf(app: TestApp, module = "todos"): Promise<Session> {
  const response = await askForSession(app, module);
  if (response.status !== 201) throw new Error(`No session: ${await response.text()}`);
  return response.json();
}

/** The object of a module of this person. */
export const objectOf = async (user: string, module = "todos") =>
  moduleStub(env, await accountId(user), module);

/** The keys of all bodies in R2 that databases of this person have. */
export async function largeBodies(user: string): Promise<string[]> {
  const { objects } = await env.BODIES.list({ prefix: `rxdb/${await accountId(user)}/` });
  return objects.map(({ key }) => key);
}

/** What a module's object keeps: every row of every table. Bytes are written in base64. */
export async function rowsOfModule(
  user: string,
  module = "todos",
): Promise<Record<string, Record<string, unknown>[]>> {
  return runInDurableObject(await objectOf(user, module), (_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT GLOB '_cf*' ORDER BY name`,
      )
      .toArray();
    const readable = (value: unknown) =>
      value instanceof ArrayBuffer ? Buffer.from(value).toString("base64") : value;
    const rows = (name: string) =>
      sql
        .exec(`SELECT * FROM ${name}`)
        .toArray()
        .map((row) =>
          Object.fromEntries(Object.entries(row).map(([key, value]) => [key, readable(value)])),
        );
    return Object.fromEntries(tables.map(({ name }) => [name, rows(name)]));
  });
}

/** Tables of a module's object that say who is connected, not what there is. */
const OF_CONNECTIONS = /connection|session|socket|limit|allowance/;

/** Acts, and proves that no row and no body of an account is another than before. */
export async function moduleUnchanged<T>(
  user: string,
  act: () => Promise<T>,
  module = "todos",
): Promise<T> {
  const snapshot = async () => {
    const { traffic: _, app_use: __, ...index } = await allRows();
    const rows = Object.entries(await rowsOfModule(user, module));
    const kept = rows.filter(([name]) => !OF_CONNECTIONS.test(name));
    return {
      index,
      rows: Object.fromEntries(kept),
      bodies: [await listBodyKeys(user), await largeBodies(user)],
    };
  };
  const before = await snapshot();
  const result = await act();
  expect(await snapshot()).toEqual(before);
  return result;
}

export type Instance = RxStorageInstance<Record<string, unknown>, unknown, unknown, unknown>;

/** A collection as RxDB's own inside has it, without a database around it. */
export const openInstance = (
  of: Client,
  databaseName: string,
  schema: object = TODOS,
  params: object = {},
): Promise<Instance> =>
  of.storage.createStorageInstance({
    databaseInstanceToken: "token",
    databaseName,
    collectionName: "todos",
    schema: fillWithDefaultSettings(schema as typeof TODOS) as never,
    options: {},
    multiInstance: false,
    devMode: false,
    ...params,
  }) as unknown as Promise<Instance>;

/** A document as RxDB sends it to its storage. */
export const stored = (content: object, fields: object = {}): object => ({
  ...content,
  _deleted: false,
  _attachments: {},
  _meta: { lwt: Date.now() },
  _rev: "1-a",
  ...fields,
});

/** Writes that are expected to succeed. */
export async function put(instance: Instance, ...documents: object[]): Promise<void> {
  const { error } = await instance.bulkWrite(
    documents.map((document) => ({ document })) as never,
    "x",
  );
  expect(error).toEqual([]);
}

/** A Mango query as RxDB prepares it for its storage. */
export const prepared = ({ schema }: Instance, mango: object) =>
  prepareQuery(
    schema as never,
    normalizeMangoQuery(schema as never, structuredClone({ selector: {}, ...mango }) as never),
  ) as never;

/** The ids that a query has at an instance. */
export const found = async (instance: Instance, mango: object = {}): Promise<string[]> =>
  idsOf((await instance.query(prepared(instance, mango))).documents as never);

/** What a client sends to open a collection. */
export const creation = (
  databaseName: string,
  schema: object = TODOS,
  collectionName = "todos",
) => ({
  databaseInstanceToken: "token",
  databaseName,
  collectionName,
  schema: fillWithDefaultSettings(schema as typeof TODOS),
  options: {},
  multiInstance: false,
  devMode: false,
});

/** The frame of a write. */
export const writing = (...documents: object[]): Frame => ({
  method: "bulkWrite",
  params: [documents.map((document) => ({ document })), "x"],
});
