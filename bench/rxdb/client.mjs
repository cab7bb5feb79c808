/** An RxDB client as in an app: RxDB's own storage for a remote server, unmodified. */

import { createRxDatabase, normalizeMangoQuery, prepareQuery } from "rxdb/plugins/core";
import { getRxStorageRemoteWebsocket } from "rxdb/plugins/storage-remote-websocket";

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 60 },
    rank: { type: "integer", minimum: 0, maximum: 10_000_000, multipleOf: 1 },
    title: { type: "string", maxLength: 100 },
    text: { type: "string" },
    isDone: { type: "boolean" },
  },
  required: ["id", "rank", "title", "text", "isDone"],
  indexes: ["rank"],
};

const TEXT =
  "So that a document is about as long as one of an app is: a quarter of a kilobyte. ".repeat(2);

/** A prime, so that documents with neighbouring ids do not have neighbouring ranks. */
const RANK_STRIDE = 7919;

/** A document with this id and rank. */
export const createDocument = (id, rank) => ({
  id,
  rank,
  title: `The document ${id}`,
  text: TEXT,
  isDone: false,
});

/** The initial documents of a collection: each rank from 0 once. */
export const createSeed = (count) =>
  Array.from({ length: count }, (_, number) =>
    createDocument(seedId(number), (number * RANK_STRIDE) % count),
  );

/** The id of an initial document. */
export const seedId = (number) => `seed-${number}`;

/** The document that the live query of the second client observes. It has the highest rank. */
export const BEACON = createDocument("beacon", 10_000_000);

/**
 * Opens a database with these collections.
 * @param {string} name
 * @param {string} url of the server, with the token if it needs one
 * @param {string[]} names
 * @returns {Promise<import("rxdb/plugins/core").RxDatabase>}
 */
export async function openDatabase(name, url, names) {
  const database = await createRxDatabase({
    name,
    storage: getRxStorageRemoteWebsocket({ url }),
    multiInstance: false,
  });
  await database.addCollections(
    Object.fromEntries(names.map((name) => [name, { schema: SCHEMA }])),
  );
  return database;
}

/** Prepares a query of an app for the collection's storage instance. */
export const prepareForStorage = ({ internalStorageInstance: { schema } }, query) => {
  const { selector, ...rest } = query;
  const normalized = normalizeMangoQuery(schema, {
    selector: { ...selector, _deleted: { $eq: false } },
    ...rest,
  });
  return prepareQuery(schema, normalized);
};

/** A row for bulkWrite that inserts a document, completed as by RxDB. */
export const newRow = (document) => ({
  document: {
    ...document,
    _deleted: false,
    _attachments: {},
    _meta: { lwt: Date.now() },
    _rev: "1-benchbench",
  },
});

/** Milliseconds, by a clock that all threads share. */
export const clock = () => Number(process.hrtime.bigint()) / 1e6;
