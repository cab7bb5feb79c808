/** The operations of an RxDB app that are billed, and how they are made ready. */

import { normalizeMangoQuery, prepareQuery } from "rxdb/plugins/core";
import type { RxdbSocket } from "./rxdb-socket";

export interface RxdbOperation {
  name: string;
  /** Comes before the operation and is not billed. */
  prepare?(): Promise<unknown>;
  /** Returns whether the answer was right. */
  run(): Promise<boolean>;
}

/** Opens a socket to the module, with an access token. */
export type Connect = () => Promise<RxdbSocket>;

/** An app with two collections open. */
export interface App {
  /** Messages that were sent on all its sockets. */
  sent(): number;
  operations: RxdbOperation[];
}

/** What RxDB makes of an app's schema with one index, on `rank`. */
const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 60 },
    rank: { type: "integer", minimum: 0, maximum: 10_000_000, multipleOf: 1 },
    text: { type: "string" },
    _rev: { type: "string" },
    _attachments: { type: "object" },
    _deleted: { type: "boolean" },
    _meta: {
      type: "object",
      properties: {
        lwt: { type: "number", minimum: 1, maximum: 1_000_000_000_000_000, multipleOf: 0.01 },
      },
      additionalProperties: true,
    },
  },
  required: ["id", "rank", "text", "_rev", "_attachments", "_deleted", "_meta"],
  indexes: [
    ["_deleted", "rank", "id"],
    ["_meta.lwt", "id"],
  ],
  attachments: {},
  additionalProperties: false,
  encrypted: [],
  keyCompression: false,
};

const DATABASE = "billed";
const DOCUMENTS = "documents";
const NOTES = "notes";

/** The documents that are there for reading alone. */
const SEED = 1000;
const BULK = 1000;
const FOUND = 10;
const CHANGES = 100;

const SMALL = base64Of(10_000);
const LARGE = base64Of(2_000_000);
/** What is reserved ahead is no less, and not so much more that it is given back. */
const ROOM = base64Of(900_000);

interface Document {
  id: string;
  rank: number;
  _rev: string;
  [field: string]: unknown;
}

const documentOf = (id: string, rank: number, more: Record<string, unknown> = {}): Document => ({
  id,
  rank,
  text: "So that a document is about as long as one of an app is: a quarter of a kilobyte.",
  _deleted: false,
  _attachments: {},
  _meta: { lwt: 1_800_000_000_000 },
  _rev: "1-billed",
  ...more,
});

const nextOf = (previous: Document, change: Record<string, unknown>): Document => ({
  ...previous,
  ...change,
  _rev: `${Number.parseInt(previous._rev, 10) + 1}-billed`,
});

/**
 * Everything that is billed, in the order of the table, for somebody whose module has nothing in it.
 * What they need is put there. `sleep` lets the object fall asleep, while its sockets stay open.
 */
export async function openApp(connect: Connect, sleep: () => Promise<void>): Promise<App> {
  const wires: RxdbSocket[] = [];
  const connected = async () => {
    const wire = await connect();
    wires.push(wire);
    return wire;
  };
  const wire = await connected();
  const create = (on: RxdbSocket, connectionId: string, collectionName: string) =>
    on.call(connectionId, "create", { databaseName: DATABASE, collectionName, schema: SCHEMA });
  await create(wire, DOCUMENTS, DOCUMENTS);
  await create(wire, NOTES, NOTES);
  const write = async (rows: object[], collection = NOTES): Promise<boolean> => {
    const { error } = (await wire.call(collection, "bulkWrite", [rows, "billed"])) as {
      error: unknown[];
    };
    return error.length === 0;
  };
  const insert = (...documents: Document[]) => write(documents.map((document) => ({ document })));
  const seed = Array.from({ length: SEED }, (_, rank) => ({
    document: documentOf(`seed-${rank}`, rank),
  }));
  await write(seed, DOCUMENTS);
  await makeRoom(write);
  const found = async (selector: object, more: object = {}) => {
    const query = { selector: { ...selector, _deleted: { $eq: false } }, ...more };
    const prepared = prepareQuery(
      SCHEMA as never,
      normalizeMangoQuery(SCHEMA as never, query as never),
    );
    const { documents } = (await wire.call(DOCUMENTS, "query", [prepared])) as {
      documents: unknown[];
    };
    return documents.length === FOUND;
  };
  const findById = async () => {
    const documents = await wire.call(DOCUMENTS, "findDocumentsById", [["seed-7"], false]);
    return (documents as unknown[]).length === 1;
  };
  const stored = (id: string) => {
    const document = documentOf(id, 1);
    return { document, arrange: () => insert(document) };
  };
  const updated = stored("updated");
  const moved = stored("moved");
  const deleted = stored("deleted");
  const operations: RxdbOperation[] = [
    {
      name: "connect",
      run: async () => (await connected()) !== undefined,
    },
    {
      name: "open a collection that is there",
      run: async () => (await create(wire, "again", DOCUMENTS)) === "ok",
    },
    {
      name: "make a collection with one index",
      run: async () => (await create(wire, "new", "new")) === "ok",
    },
    { name: "insert one", run: () => insert(documentOf("one", 1)) },
    {
      name: "update one",
      prepare: updated.arrange,
      run: () =>
        write([
          { previous: updated.document, document: nextOf(updated.document, { text: "Another." }) },
        ]),
    },
    {
      name: "update one, and its place in the index",
      prepare: moved.arrange,
      run: () =>
        write([{ previous: moved.document, document: nextOf(moved.document, { rank: 2 }) }]),
    },
    {
      name: "delete one",
      prepare: deleted.arrange,
      run: () =>
        write([
          { previous: deleted.document, document: nextOf(deleted.document, { _deleted: true }) },
        ]),
    },
    {
      name: "insert 1,000",
      run: () =>
        insert(...Array.from({ length: BULK }, (_, rank) => documentOf(`many-${rank}`, rank))),
    },
    { name: "find by id", run: findById },
    {
      name: "indexed query of 10",
      run: () => found({ rank: { $gte: 100, $lt: 100 + FOUND } }),
    },
    { name: ASCENDING, run: () => found({}, { sort: [{ rank: "asc" }], limit: FOUND }) },
    { name: DESCENDING, run: () => found({}, { sort: [{ rank: "desc" }], limit: FOUND }) },
    {
      name: "count of 1,000",
      async run() {
        const query = { selector: { _deleted: { $eq: false } } };
        const prepared = prepareQuery(
          SCHEMA as never,
          normalizeMangoQuery(SCHEMA as never, query as never),
        );
        const { count } = (await wire.call(DOCUMENTS, "count", [prepared])) as { count: number };
        return count === SEED;
      },
    },
    {
      name: "changes, 100 of them",
      async run() {
        const checkpoint = { id: "seed-499", lwt: 1, seq: 500 };
        const { documents } = (await wire.call(DOCUMENTS, "getChangedDocumentsSince", [
          CHANGES,
          checkpoint,
        ])) as { documents: unknown[] };
        return documents.length === CHANGES;
      },
    },
    ...attachmentOperations("of 10 KB", SMALL),
    ...attachmentOperations("of 2 MB", LARGE),
    { name: "find by id, after a sleep", prepare: sleep, run: findById },
    {
      name: "insert one, after a sleep",
      prepare: sleep,
      run: () => insert(documentOf("late", 1)),
    },
  ];
  return { sent: () => wires.reduce((sum, { sent }) => sum + sent, 0), operations };

  function attachmentOperations(size: string, data: string): RxdbOperation[] {
    const id = `attached ${size}`;
    return [
      {
        name: `insert one with an attachment ${size}`,
        run: () => insert(documentOf(id, 1, { _attachments: { file: attachmentOf(data) } })),
      },
      {
        name: `read an attachment ${size}`,
        run: async () =>
          (await wire.call(NOTES, "getAttachmentData", [id, "file", DIGEST])) === data,
      },
    ];
  }
}

/** The descending one must read no more rows than the other. */
export const ASCENDING = "sort and limit 10";
export const DESCENDING = "sort and limit 10, descending";

const DIGEST = "sha256-billed";

const attachmentOf = (data: string) => ({
  digest: DIGEST,
  length: (data.length * 3) / 4,
  type: "application/octet-stream",
  data,
});

/** Has the module reserve more than it holds: else now and then a write would reserve some in D1. */
async function makeRoom(write: (rows: object[]) => Promise<boolean>): Promise<void> {
  const { data, ...kept } = attachmentOf(ROOM);
  const document = documentOf("room", 0);
  await write([{ document: { ...document, _attachments: { file: { ...kept, data } } } }]);
  const previous = { ...document, _attachments: { file: kept } };
  await write([{ previous, document: nextOf(previous, { _attachments: {} }) }]);
}

function base64Of(bytes: number): string {
  return "QUJD".repeat(Math.ceil(bytes / 3));
}
