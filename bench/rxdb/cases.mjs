/** The cases of the RxDB comparison, and their targets. */

import { BEACON, createDocument, newRow, prepareForStorage, seedId } from "./client.mjs";

/** Documents in a collection before the cases run. */
export const SEED_DOCUMENTS = { full: 5000, quick: 2000 };

/** The collection for reads; only the beacon document changes. */
export const READ_COLLECTION = "documents";
/** The collection for writes. */
export const WRITE_COLLECTION = "notes";

/** Rounds, and operations per round. Short rounds distribute disturbances of the machine evenly. */
const SMALL_WORK = { full: { rounds: 31, count: 20 }, quick: { rounds: 7, count: 10 } };
const BULK_WORK = { full: { rounds: 25, count: 1 }, quick: { rounds: 5, count: 1 } };

const BULK_DOCUMENTS = 1000;
const QUERY_RESULTS = 10;

/** The maximum ratio of medians to RxDB's own server. */
const MAX_RATIO = 1.5;

/**
 * A case that runs against both servers.
 * @typedef {object} Case
 * @property {string} name
 * @property {{full: Extent, quick: Extent}} extent of a full and a quick run
 * @property {string} collection
 * @property {number} [target] maximum ratio of Satchel's median to that of RxDB's server
 * @property {(context: CaseContext) => Promise<void>} [prepare] runs once before all rounds
 * @property {(context: CaseContext) => Promise<void>} [finish] runs once after all rounds
 * @property {(context: CaseContext, number: number) => TimedOperation} make `number` is different each time
 */

/** @typedef {{rounds: number, count: number}} Extent */

/**
 * A timed operation: from the call of `run` until its promise resolves, or until the time that
 * `endOf` returns. `isRight` checks the result afterwards.
 * @typedef {object} TimedOperation
 * @property {() => Promise<any>} run
 * @property {(result: any) => boolean} isRight
 * @property {(result: any) => number} [endOf]
 */

/**
 * Where a case runs: a database of one server.
 * @typedef {object} CaseContext
 * @property {import("rxdb/plugins/core").RxCollection} collection
 * @property {import("rxdb/plugins/core").RxStorageInstance} storage of the collection, without
 *   RxDB's own work in the client
 * @property {import("./second-client.mjs").SecondClient} secondClient
 * @property {number} size initial number of documents
 * @property {any} [beacon] set by `prepare`
 */

const readCase = (name, make) => ({
  name,
  collection: READ_COLLECTION,
  extent: SMALL_WORK,
  target: MAX_RATIO,
  make,
});

/** A query by the collection, and by its storage. Each run differs, since RxDB caches results. */
const queryCases = (name, queryOf) => [
  readCase(name, ({ collection, size }, number) => ({
    run: () => collection.find(queryOf(number, size)).exec(),
    isRight: (documents) => documents.length === QUERY_RESULTS,
  })),
  readCase(`${name}${AT_STORAGE}`, ({ collection, storage, size }, number) => {
    const query = prepareForStorage(collection, queryOf(number, size));
    return {
      run: () => storage.query(query),
      isRight: ({ documents }) => documents.length === QUERY_RESULTS,
    };
  }),
];

/** Suffix of cases that leave out RxDB's own work in the client. */
const AT_STORAGE = ", storage instance";

const writeCase = (name, extent, make) => ({
  name,
  collection: WRITE_COLLECTION,
  extent,
  target: MAX_RATIO,
  make,
});

const newDocument = (kind, number) => createDocument(`${kind}-${number}`, number % 10_000_000);

const createBulk = (kind, number) =>
  Array.from({ length: BULK_DOCUMENTS }, (_, context) =>
    newDocument(kind, number * BULK_DOCUMENTS + context),
  );

const liveCase = (name, kind, prepareBeacon, write) => ({
  name,
  collection: READ_COLLECTION,
  extent: SMALL_WORK,
  target: MAX_RATIO,
  async prepare(context) {
    await context.secondClient.follow(READ_COLLECTION);
    await prepareBeacon(context);
  },
  finish: ({ secondClient }) => secondClient.leave(),
  make(context, number) {
    const title = `${kind} ${number}`;
    return {
      async run() {
        const arrived = context.secondClient.timeOfTitle(kind, title);
        await write(context, title);
        return arrived;
      },
      isRight: (at) => at > 0,
      endOf: (at) => at,
    };
  },
});

/** All cases. @type {Case[]} */
export const CASES = [
  writeCase("insert one", SMALL_WORK, ({ collection }, number) => {
    const document = newDocument("one", number);
    return {
      run: () => collection.insert(document),
      isRight: ({ rank }) => rank === document.rank,
    };
  }),
  writeCase(`insert one${AT_STORAGE}`, SMALL_WORK, ({ storage }, number) => {
    const rows = [newRow(newDocument("one-row", number))];
    return {
      run: () => storage.bulkWrite(rows, "bench"),
      isRight: ({ error }) => error.length === 0,
    };
  }),
  writeCase("insert 1,000 at once", BULK_WORK, ({ collection }, number) => {
    const documents = createBulk("many", number);
    return {
      run: () => collection.bulkInsert(documents),
      isRight: ({ success, error }) => success.length === BULK_DOCUMENTS && error.length === 0,
    };
  }),
  writeCase(`insert 1,000 at once${AT_STORAGE}`, BULK_WORK, ({ storage }, number) => {
    const rows = createBulk("many-rows", number).map(newRow);
    return {
      run: () => storage.bulkWrite(rows, "bench"),
      isRight: ({ error }) => error.length === 0,
    };
  }),
  readCase("find by id", ({ collection, size }, number) => {
    const id = seedId(number % size);
    return {
      run: () => collection.findOne(id).exec(),
      isRight: (document) => document?.id === id,
    };
  }),
  readCase(`find by id${AT_STORAGE}`, ({ storage, size }, number) => {
    const id = seedId(number % size);
    return {
      run: () => storage.findDocumentsById([id], false),
      isRight: ([document]) => document?.id === id,
    };
  }),
  ...queryCases("indexed query of 10", (number, size) => {
    const from = number % (size - QUERY_RESULTS);
    return { selector: { rank: { $gte: from, $lt: from + QUERY_RESULTS } } };
  }),
  ...queryCases("sort and limit 10", (number) => ({
    selector: { rank: { $gte: number } },
    sort: [{ rank: "asc" }],
    limit: QUERY_RESULTS,
  })),
  ...queryCases("sort and limit 10, descending", (number, size) => ({
    selector: { rank: { $lt: size - number } },
    sort: [{ rank: "desc" }],
    limit: QUERY_RESULTS,
  })),
  readCase("count", ({ collection, size }, number) => {
    const selector = { rank: { $gte: number, $lt: size } };
    return {
      run: () => collection.count({ selector }).exec(),
      isRight: (count) => count === size - number,
    };
  }),
  readCase(`count${AT_STORAGE}`, ({ collection, storage, size }, number) => {
    const query = prepareForStorage(collection, {
      selector: { rank: { $gte: number, $lt: size } },
    });
    return {
      run: () => storage.count(query),
      isRight: ({ count }) => count === size - number,
    };
  }),
  liveCase(
    "live update, until the other client's query has it",
    "query",
    async (context) => {
      context.beacon = await context.collection.findOne(BEACON.id).exec();
    },
    ({ beacon }, title) => beacon.incrementalPatch({ title }),
  ),
  liveCase(
    "live update, until the other client's storage instance has it",
    "event",
    async (context) => {
      [context.beacon] = await context.storage.findDocumentsById([BEACON.id], false);
    },
    async (context, title) => {
      const previous = context.beacon;
      const height = Number.parseInt(previous._rev, 10) + 1;
      const document = {
        ...previous,
        title,
        _rev: `${height}-benchbench`,
        _meta: { ...previous._meta, lwt: Date.now() },
      };
      const { error } = await context.storage.bulkWrite([{ previous, document }], "bench");
      if (error.length > 0) throw new Error("The beacon was not written.");
      context.beacon = document;
    },
  ),
];
