/** The operations of an RxDB app whose cost is counted, and how each is prepared. */

import { normalizeMangoQuery, prepareQuery } from "rxdb/plugins/core";
import type { RxdbSocket } from "./rxdb-socket";

export interface RxdbOperation {
  name: string;
  /** Runs before the operation, uncounted. */
  prepare?(): Promise<unknown>;
  /** Returns whether the result was right. */
  run(): Promise<boolean>;
}

/** Opens a WebSocket to the module with an access token. */
export type OpenSocket = () => Promise<RxdbSocket>;

/** An app with two open collections. */
export interface RxdbApp {
  /** Number of messages sent on all its sockets. */
  sentMessages(): number;
  operations: RxdbOperation[];
}

/** A schema with one index, on `rank`, as RxDB completes it. */
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

const DATABASE = "measured";
const DOCUMENTS = "documents";
const NOTES = "notes";

/** Documents that are only read. */
const SEED_DOCUMENTS = 1000;
const BULK_DOCUMENTS = 1000;
const QUERY_RESULTS = 10;
const CHANGED_DOCUMENTS = 100;

const SMALL_ATTACHMENT = base64Of(10_000);
const LARGE_ATTACHMENT = base64Of(2_000_000);
/** About the size of a quota reservation: not so large that the reservation is given back. */
const RESERVATION_FILLER = base64Of(900_000);

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
  _rev: "1-measured",
  ...more,
});

const nextRevision = (previous: Document, change: Record<string, unknown>): Document => ({
  ...previous,
  ...change,
  _rev: `${Number.parseInt(previous._rev, 10) + 1}-measured`,
});

/**
 * Prepares an empty module and returns the operations in the order of the table. `sleep` lets the
 * module's Durable Object hibernate while its sockets stay open.
 */
export async function openApp(
  openSocket: OpenSocket,
  sleep: () => Promise<void>,
): Promise<RxdbApp> {
  const sockets: RxdbSocket[] = [];
  const openAnother = async () => {
    const opened = await openSocket();
    sockets.push(opened);
    return opened;
  };
  const socket = await openAnother();
  const create = (on: RxdbSocket, connectionId: string, collectionName: string) =>
    on.call(connectionId, "create", { databaseName: DATABASE, collectionName, schema: SCHEMA });
  await create(socket, DOCUMENTS, DOCUMENTS);
  await create(socket, NOTES, NOTES);
  const write = async (rows: object[], collection = NOTES): Promise<boolean> => {
    const { error } = (await socket.call(collection, "bulkWrite", [rows, "measured"])) as {
      error: unknown[];
    };
    return error.length === 0;
  };
  const insert = (...documents: Document[]) => write(documents.map((document) => ({ document })));
  const seed = Array.from({ length: SEED_DOCUMENTS }, (_, rank) => ({
    document: documentOf(`seed-${rank}`, rank),
  }));
  await write(seed, DOCUMENTS);
  await reserveQuota(write);
  const findsAll = async (selector: object, more: object = {}) => {
    const query = { selector: { ...selector, _deleted: { $eq: false } }, ...more };
    const prepared = prepareQuery(
      SCHEMA as never,
      normalizeMangoQuery(SCHEMA as never, query as never),
    );
    const { documents } = (await socket.call(DOCUMENTS, "query", [prepared])) as {
      documents: unknown[];
    };
    return documents.length === QUERY_RESULTS;
  };
  const findById = async () => {
    const documents = await socket.call(DOCUMENTS, "findDocumentsById", [["seed-7"], false]);
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
      run: async () => (await openAnother()) !== undefined,
    },
    {
      name: "open an existing collection",
      run: async () => (await create(socket, "again", DOCUMENTS)) === "ok",
    },
    {
      name: "create a collection with one index",
      run: async () => (await create(socket, "new", "new")) === "ok",
    },
    { name: "insert one", run: () => insert(documentOf("one", 1)) },
    {
      name: "update one",
      prepare: updated.arrange,
      run: () =>
        write([
          {
            previous: updated.document,
            document: nextRevision(updated.document, { text: "Another." }),
          },
        ]),
    },
    {
      name: "update one and its index entry",
      prepare: moved.arrange,
      run: () =>
        write([{ previous: moved.document, document: nextRevision(moved.document, { rank: 2 }) }]),
    },
    {
      name: "delete one",
      prepare: deleted.arrange,
      run: () =>
        write([
          {
            previous: deleted.document,
            document: nextRevision(deleted.document, { _deleted: true }),
          },
        ]),
    },
    {
      name: "insert 1,000",
      run: () =>
        insert(
          ...Array.from({ length: BULK_DOCUMENTS }, (_, rank) => documentOf(`many-${rank}`, rank)),
        ),
    },
    { name: "find by id", run: findById },
    {
      name: "indexed query of 10",
      run: () => findsAll({ rank: { $gte: 100, $lt: 100 + QUERY_RESULTS } }),
    },
    { name: ASCENDING, run: () => findsAll({}, { sort: [{ rank: "asc" }], limit: QUERY_RESULTS }) },
    {
      name: DESCENDING,
      run: () => findsAll({}, { sort: [{ rank: "desc" }], limit: QUERY_RESULTS }),
    },
    {
      name: "count of 1,000",
      async run() {
        const query = { selector: { _deleted: { $eq: false } } };
        const prepared = prepareQuery(
          SCHEMA as never,
          normalizeMangoQuery(SCHEMA as never, query as never),
        );
        const { count } = (await socket.call(DOCUMENTS, "count", [prepared])) as { count: number };
        return count === SEED_DOCUMENTS;
      },
    },
    {
      name: "100 changed documents",
      async run() {
        const checkpoint = { id: "seed-499", lwt: 1, seq: 500 };
        const { documents } = (await socket.call(DOCUMENTS, "getChangedDocumentsSince", [
          CHANGED_DOCUMENTS,
          checkpoint,
        ])) as { documents: unknown[] };
        return documents.length === CHANGED_DOCUMENTS;
      },
    },
    ...attachmentOperations("of 10 KB", SMALL_ATTACHMENT),
    ...attachmentOperations("of 2 MB", LARGE_ATTACHMENT),
    { name: "find by id, after hibernation", prepare: sleep, run: findById },
    {
      name: "insert one, after hibernation",
      prepare: sleep,
      run: () => insert(documentOf("late", 1)),
    },
  ];
  return {
    sentMessages: () => sockets.reduce((sum, { sentMessages }) => sum + sentMessages, 0),
    operations,
  };

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
          (await socket.call(NOTES, "getAttachmentData", [id, "file", DIGEST])) === data,
      },
    ];
  }
}

/** The descending query must not read more rows than the ascending one. */
export const ASCENDING = "sort and limit 10";
export const DESCENDING = "sort and limit 10, descending";

const DIGEST = "sha256-measured";

const attachmentOf = (data: string) => ({
  digest: DIGEST,
  length: (data.length * 3) / 4,
  type: "application/octet-stream",
  data,
});

/** Makes the module reserve more quota than it uses: otherwise a counted write might reserve some in D1. */
async function reserveQuota(write: (rows: object[]) => Promise<boolean>): Promise<void> {
  const { data, ...kept } = attachmentOf(RESERVATION_FILLER);
  const document = documentOf("filler", 0);
  await write([{ document: { ...document, _attachments: { file: { ...kept, data } } } }]);
  const previous = { ...document, _attachments: { file: kept } };
  await write([{ previous, document: nextRevision(previous, { _attachments: {} }) }]);
}

function base64Of(bytes: number): string {
  return "QUJD".repeat(Math.ceil(bytes / 3));
}
