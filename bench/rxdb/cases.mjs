/** The work of an RxDB app that is compared, and what is to be reached. */

import { BEACON, documentOf, newRow, prepare, seedId } from "./client.mjs";

/** How many documents a collection has before it is asked for anything. */
export const SEED = { full: 5000, quick: 2000 };

/** Nothing but reading happens here, and the beacon changes. */
export const READ = "documents";
/** Here documents are added. */
export const WRITTEN = "notes";

/** How many rounds, and how much in each. Short rounds share what the machine does. */
const SMALL_WORK = { full: { rounds: 31, count: 20 }, quick: { rounds: 7, count: 10 } };
const BULK_WORK = { full: { rounds: 25, count: 1 }, quick: { rounds: 5, count: 1 } };

const BULK = 1000;
const FOUND = 10;

/** The ratio to RxDB's own server, of the medians. */
const TARGET = 1.5;

/**
 * One kind of work, done at both servers.
 * @typedef {object} Case
 * @property {string} name
 * @property {{full: Extent, quick: Extent}} extent of a full and of a quick run
 * @property {string} collection
 * @property {number} [target] the most that Satchel may take by what the other takes, at the median
 * @property {(place: Place) => Promise<void>} [prepare] once, before all rounds
 * @property {(place: Place) => Promise<void>} [finish] once, after them
 * @property {(place: Place, number: number) => Work} make `number` is another each time
 */

/** @typedef {{rounds: number, count: number}} Extent */

/**
 * What is timed: from `act` until it has answered, or until the time that `endOf` says. `isRight` is
 * asked of the answer afterwards.
 * @typedef {object} Work
 * @property {() => Promise<any>} act
 * @property {(answer: any) => boolean} isRight
 * @property {(answer: any) => number} [endOf]
 */

/**
 * Where a case is done: one server's database.
 * @typedef {object} Place
 * @property {import("rxdb/plugins/core").RxCollection} collection
 * @property {import("rxdb/plugins/core").RxStorageInstance} storage of the collection, without what
 *   RxDB does before and after it at the client
 * @property {import("./second-client.mjs").SecondClient} other client
 * @property {number} size documents that the collection had in the beginning
 * @property {any} [beacon] for `prepare` to leave
 */

const reading = (name, make) => ({
  name,
  collection: READ,
  extent: SMALL_WORK,
  target: TARGET,
  make,
});

/** The same query by the collection, and by its storage. Each is another: RxDB remembers answers. */
const querying = (name, queryOf) => [
  reading(name, ({ collection, size }, number) => ({
    act: () => collection.find(queryOf(number, size)).exec(),
    isRight: (documents) => documents.length === FOUND,
  })),
  reading(`${name}${AT_STORAGE}`, ({ collection, storage, size }, number) => {
    const query = prepare(collection, queryOf(number, size));
    return {
      act: () => storage.query(query),
      isRight: ({ documents }) => documents.length === FOUND,
    };
  }),
];

/** Marks work that leaves out what RxDB does at the client. */
const AT_STORAGE = ", storage instance";

const writing = (name, extent, make) => ({
  name,
  collection: WRITTEN,
  extent,
  target: TARGET,
  make,
});

const newDocument = (kind, number) => documentOf(`${kind}-${number}`, number % 10_000_000);

const bulkOf = (kind, number) =>
  Array.from({ length: BULK }, (_, place) => newDocument(kind, number * BULK + place));

const live = (name, kind, prepareBeacon, write) => ({
  name,
  collection: READ,
  extent: SMALL_WORK,
  target: TARGET,
  async prepare(place) {
    await place.other.follow(READ);
    await prepareBeacon(place);
  },
  finish: ({ other }) => other.leave(),
  make(place, number) {
    const title = `${kind} ${number}`;
    return {
      async act() {
        const told = place.other.told(kind, title);
        await write(place, title);
        return told;
      },
      isRight: (at) => at > 0,
      endOf: (at) => at,
    };
  },
});

/** All cases. @type {Case[]} */
export const CASES = [
  writing("insert one", SMALL_WORK, ({ collection }, number) => {
    const document = newDocument("one", number);
    return {
      act: () => collection.insert(document),
      isRight: ({ rank }) => rank === document.rank,
    };
  }),
  writing(`insert one${AT_STORAGE}`, SMALL_WORK, ({ storage }, number) => {
    const rows = [newRow(newDocument("one-row", number))];
    return {
      act: () => storage.bulkWrite(rows, "bench"),
      isRight: ({ error }) => error.length === 0,
    };
  }),
  writing("insert 1,000 at once", BULK_WORK, ({ collection }, number) => {
    const documents = bulkOf("many", number);
    return {
      act: () => collection.bulkInsert(documents),
      isRight: ({ success, error }) => success.length === BULK && error.length === 0,
    };
  }),
  writing(`insert 1,000 at once${AT_STORAGE}`, BULK_WORK, ({ storage }, number) => {
    const rows = bulkOf("many-rows", number).map(newRow);
    return {
      act: () => storage.bulkWrite(rows, "bench"),
      isRight: ({ error }) => error.length === 0,
    };
  }),
  reading("find by id", ({ collection, size }, number) => {
    const id = seedId(number % size);
    return {
      act: () => collection.findOne(id).exec(),
      isRight: (document) => document?.id === id,
    };
  }),
  reading(`find by id${AT_STORAGE}`, ({ storage, size }, number) => {
    const id = seedId(number % size);
    return {
      act: () => storage.findDocumentsById([id], false),
      isRight: ([document]) => document?.id === id,
    };
  }),
  ...querying("indexed query of 10", (number, size) => {
    const from = number % (size - FOUND);
    return { selector: { rank: { $gte: from, $lt: from + FOUND } } };
  }),
  ...querying("sort and limit 10", (number) => ({
    selector: { rank: { $gte: number } },
    sort: [{ rank: "asc" }],
    limit: FOUND,
  })),
  ...querying("sort and limit 10, descending", (number, size) => ({
    selector: { rank: { $lt: size - number } },
    sort: [{ rank: "desc" }],
    limit: FOUND,
  })),
  reading("count", ({ collection, size }, number) => {
    const selector = { rank: { $gte: number, $lt: size } };
    return {
      act: () => collection.count({ selector }).exec(),
      isRight: (count) => count === size - number,
    };
  }),
  reading(`count${AT_STORAGE}`, ({ collection, storage, size }, number) => {
    const query = prepare(collection, { selector: { rank: { $gte: number, $lt: size } } });
    return {
      act: () => storage.count(query),
      isRight: ({ count }) => count === size - number,
    };
  }),
  live(
    "live update, until the other client's query has it",
    "query",
    async (place) => {
      place.beacon = await place.collection.findOne(BEACON.id).exec();
    },
    ({ beacon }, title) => beacon.incrementalPatch({ title }),
  ),
  live(
    "live update, until the other client's storage instance has it",
    "event",
    async (place) => {
      [place.beacon] = await place.storage.findDocumentsById([BEACON.id], false);
    },
    async (place, title) => {
      const previous = place.beacon;
      const height = Number.parseInt(previous._rev, 10) + 1;
      const document = {
        ...previous,
        title,
        _rev: `${height}-benchbench`,
        _meta: { ...previous._meta, lwt: Date.now() },
      };
      const { error } = await place.storage.bulkWrite([{ previous, document }], "bench");
      if (error.length > 0) throw new Error("The beacon was not written.");
      place.beacon = document;
    },
  ),
];
