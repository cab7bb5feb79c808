/** An RxDB client as an app has it: RxDB's own storage for a remote one, from npm, as it is. */

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

/** A prime, so that documents next to each other by id are not so by rank. */
const STRIDE = 7919;

/** A document that is new each time: its number is its id, and tells its rank. */
export const documentOf = (id, rank) => ({
  id,
  rank,
  title: `The document ${id}`,
  text: TEXT,
  isDone: false,
});

/** The documents that a collection has from the start: ranks from 0, each once. */
export const seedOf = (count) =>
  Array.from({ length: count }, (_, number) =>
    documentOf(seedId(number), (number * STRIDE) % count),
  );

export const seedId = (number) => `seed-${number}`;

/** The document that a live query of the other client looks at. It ranks behind all others. */
export const BEACON = documentOf("beacon", 10_000_000);

/**
 * Opens a database with these collections.
 * @param {string} name
 * @param {string} url of the endpoint, with the token where there is one
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

/** What an app asks of a collection, as its storage instance wants it. */
export const prepare = ({ internalStorageInstance: { schema } }, query) => {
  const { selector, ...rest } = query;
  const normalized = normalizeMangoQuery(schema, {
    selector: { ...selector, _deleted: { $eq: false } },
    ...rest,
  });
  return prepareQuery(schema, normalized);
};

/** A row of bulkWrite that makes a document, as RxDB fills it in. */
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
