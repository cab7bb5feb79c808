/** The work that is compared, and what is to be reached. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = Buffer.alloc(KIB, "x");

/** Of a first sync: so many folders, with so many documents each. */
const SYNC_FOLDERS = { full: 10, quick: 2 };
const SYNC_DOCUMENTS = 100;

/** How many rounds, and how many requests in each. Short rounds share what the machine does. */
const SMALL_WORK = { full: { rounds: 21, count: 20 }, quick: { rounds: 6, count: 8 } };
const MEDIUM_WORK = { full: { rounds: 15, count: 8 }, quick: { rounds: 4, count: 3 } };
const LARGE_WORK = { full: { rounds: 15, count: 2 }, quick: { rounds: 3, count: 1 } };
const HUGE_WORK = { full: { rounds: 5, count: 1 }, quick: { rounds: 1, count: 1 } };
const WRITERS = { full: { rounds: 5, count: 200 }, quick: { rounds: 2, count: 100 } };
const CROWD = { full: { rounds: 7, count: 400 }, quick: { rounds: 2, count: 100 } };
const WHOLE_SYNC = { full: { rounds: 3, count: 1 }, quick: { rounds: 1, count: 1 } };

const atMost = (limit) => ({ most: limit });
const atLeast = (limit) => ({ least: limit });
const AHEAD = atMost(1);

/**
 * One kind of work, done at every server.
 * @typedef {object} Case
 * @property {string} name
 * @property {{full: Extent, quick: Extent}} extent of a full and of a quick run
 * @property {number} [parallel] how many at a time; 1 if it is not there
 * @property {number} [people] how many take part; 1 if it is not there
 * @property {number} [size] documents of the folder it is about
 * @property {number} [smallSize] Satchel does it in a folder of this size as well, as "itself"
 * @property {boolean} [isAlsoAlone] the floor does it one by one as well, as "alone"
 * @property {boolean} [isCold] there is no round before the first that counts
 * @property {(place: Place) => Promise<void>} [prepare] once, before all rounds
 * @property {(place: Place, slot: Slot) => import("./http-client.mjs").Work[]} [before] each round, not timed
 * @property {(place: Place, slot: Slot) => import("./http-client.mjs").Work[][]} steps each round: lists
 *   of requests, one list after the other
 * @property {boolean} [isSideBySide] all lists at once instead, each one request after the other
 * @property {Row[]} rows what is compared, each with the targets that there are for it
 */

/**
 * Where a case is done: somebody's storage at one server, and a folder of it for this case alone.
 * @typedef {object} Place
 * @property {import("./storage-requests.mjs").Storage[]} storages one per person
 * @property {import("./storage-requests.mjs").Storage} storage the first
 * @property {string} folder
 * @property {number} [size]
 * @property {(request: import("./http-client.mjs").Work) => Promise<{headers: object, text: string}>} ask
 * @property {(requests: import("./http-client.mjs").Work[]) => Promise<void>} send some at a time
 * @property {(folder: string, count: number) => Promise<void>} fillFolder from its document-0
 * @property {string} [etag] for `prepare` to leave
 */

/** @typedef {{rounds: number, count: number}} Extent */

/** @typedef {{count: number, round: string}} Slot `round` is another in each */

/**
 * What is compared: a measure of `Result` in rounds.mjs, with whom beside armadietto, and the
 * targets that there are. `limit` is one for Satchel's own figure.
 * @typedef {{measure: string, base?: "floor" | "itself" | "alone", toBase?: Target,
 *   toArmadietto?: Target, limit?: Target}} Row
 * @typedef {{most: number} | {least: number}} Target
 */

const repeat = (count, make) => [Array.from({ length: count }, (_, number) => make(number))];

const documentIn = (folder, number = 0) => `${folder}document-${number}`;

/** Prepares the folder with its document-0, and remembers the document's ETag. */
async function putOne(place, body = SMALL) {
  const { storage, folder, ask } = place;
  const { headers } = await ask(storage.put(documentIn(folder), body));
  place.etag = headers.etag;
}

/** Prepares a folder of `size` documents, and remembers the folder's ETag. */
async function fill(place) {
  const { storage, folder, size, ask, fillFolder } = place;
  await ask(storage.put(documentIn(folder), SMALL));
  await fillFolder(folder, size);
  const { headers, text } = await ask(storage.get(folder));
  const items = Object.keys(JSON.parse(text).items).length;
  if (items !== size) throw new Error(`A folder of ${size} documents lists ${items}.`);
  place.etag = headers.etag;
}

const READ = { toBase: atMost(1.25) };
const WRITE = { toBase: atMost(1.3), toArmadietto: AHEAD };

const reading = (name, make) => ({
  name,
  extent: SMALL_WORK,
  prepare: putOne,
  steps: (place, { count }) => repeat(count, () => make(place)),
  rows: [{ measure: "p50", ...READ }],
});

const listing = (size, extent, rows) => ({
  name: `listing of ${size.toLocaleString("en")} documents`,
  extent,
  size,
  prepare: fill,
  steps: ({ storage, folder }, { count }) => repeat(count, () => storage.get(folder)),
  rows,
});

const unchangedListing = (size, more) => ({
  name: `304 of a folder of ${size.toLocaleString("en")}`,
  extent: SMALL_WORK,
  size,
  prepare: fill,
  steps: ({ storage, folder, etag }, { count }) =>
    repeat(count, () => storage.getUnchanged(folder, etag)),
  ...more,
});

const putting = (name, body, toPath, rows = [{ measure: "p50", ...WRITE }]) => ({
  name,
  extent: SMALL_WORK,
  prepare: (place) => putOne(place),
  steps: (place, { count, round }) =>
    repeat(count, (number) => place.storage.put(toPath(place, round, number), body)),
  rows,
});

const newPath = ({ folder }, round, number) => `${folder}${round}-${number}`;
const samePath = ({ folder }) => documentIn(folder);
const deepPath = ({ folder }, round, number) => `${folder}b/c/d/e/f/g/h/i/${round}-${number}`;

const large = (mebibytes, extent, rows) => {
  const body = Buffer.alloc(mebibytes * MIB, "x");
  return [
    { ...putting(`PUT of ${mebibytes} MB`, body, samePath, rows.put), extent },
    {
      name: `GET of ${mebibytes} MB`,
      extent,
      prepare: (place) => putOne(place, body),
      steps: ({ storage, folder }, { count }) =>
        repeat(count, () => storage.get(documentIn(folder), { bytes: body.byteLength })),
      rows: rows.get,
    },
  ];
};

const MEMORY = { measure: "memory", limit: atMost(20), toArmadietto: AHEAD };

/** Whose passwords are hashed, one by one, before there is anything to measure. */
const USERS = { full: 100, quick: 20 };

/**
 * All cases. The largest come first: how much memory they take shows in servers that have done
 * little yet.
 * @param {"full" | "quick"} length of the run
 * @returns {Case[]}
 */
export const casesFor = (length) => [
  ...large(100, HUGE_WORK, {
    put: [{ measure: "p50", ...WRITE }, MEMORY],
    get: [{ measure: "p50" }, MEMORY],
  }),
  ...large(10, LARGE_WORK, { put: [{ measure: "p50", ...WRITE }], get: [{ measure: "p50" }] }),
  reading("GET 1 KB", ({ storage, folder }) => storage.get(documentIn(folder), { bytes: KIB })),
  reading("GET 304", ({ storage, folder, etag }) => storage.getUnchanged(documentIn(folder), etag)),
  reading("HEAD", ({ storage, folder }) => storage.head(documentIn(folder))),
  listing(10, SMALL_WORK, [{ measure: "p50", ...READ }]),
  listing(1000, MEDIUM_WORK, [{ measure: "p50", ...READ }]),
  listing(10_000, LARGE_WORK, [
    { measure: "firstByte", toBase: atMost(1.3), toArmadietto: AHEAD },
    { measure: "p50", toBase: atMost(1.3), toArmadietto: AHEAD },
  ]),
  unchangedListing(10, { rows: [{ measure: "p50", ...READ }] }),
  unchangedListing(10_000, {
    smallSize: 10,
    rows: [{ measure: "p50", base: "itself", toBase: atMost(1.3), toArmadietto: AHEAD }],
  }),
  {
    name: "PUT into a folder of 10,000",
    extent: MEDIUM_WORK,
    size: 10_000,
    smallSize: 10,
    prepare: fill,
    // Over those that are there, so that the folder keeps its size.
    steps: ({ storage, folder }, { count }) =>
      repeat(count, (number) => storage.put(documentIn(folder, number % 10), SMALL)),
    rows: [{ measure: "p50", base: "itself", toBase: atMost(1.3), toArmadietto: AHEAD }],
  },
  putting("PUT new 1 KB", SMALL, newPath),
  putting("PUT overwrite 1 KB", SMALL, samePath),
  putting("PUT ten folders deep", SMALL, deepPath),
  {
    name: "DELETE",
    extent: SMALL_WORK,
    prepare: (place) => putOne(place),
    before: (place, { count, round }) =>
      repeat(count, (number) => place.storage.put(newPath(place, round, number), SMALL)).flat(),
    steps: (place, { count, round }) =>
      repeat(count, (number) => place.storage.delete(newPath(place, round, number))),
    rows: [{ measure: "p50", ...WRITE }],
  },
  firstSync(SYNC_FOLDERS[length]),
  {
    name: "100 writers of one user",
    extent: WRITERS,
    isAlsoAlone: true,
    parallel: 100,
    prepare: (place) => putOne(place),
    steps: (place, { count, round }) =>
      repeat(count, (number) => place.storage.put(newPath(place, round, number), SMALL)),
    rows: [
      { measure: "perSecond", toBase: atLeast(2.5), toArmadietto: atLeast(2) },
      { measure: "perSecond", base: "alone" },
      { measure: "p99", toArmadietto: atMost(0.1) },
    ],
  },
  {
    name: `${USERS[length]} users at once`,
    extent: CROWD,
    parallel: USERS[length],
    people: USERS[length],
    prepare: ({ storages, folder, send }) =>
      send(storages.map((storage) => storage.put(documentIn(folder), SMALL))),
    // Each does one thing at a time: three reads, then a write.
    isSideBySide: true,
    steps: ({ storages, folder }, { count, round }) =>
      storages.map((storage) =>
        repeat(Math.ceil(count / storages.length), (number) =>
          number % 4 === 3
            ? storage.put(`${folder}${round}-${number}`, SMALL)
            : storage.get(documentIn(folder), { bytes: KIB }),
        ).flat(),
      ),
    rows: [{ measure: "perSecond" }, { measure: "p99" }],
  },
];

function firstSync(folders) {
  const foldersIn = (folder) =>
    Array.from({ length: folders }, (_, number) => `${folder}folder-${number}/`);
  const documentsIn = (folder) =>
    foldersIn(folder).flatMap((inner) =>
      repeat(SYNC_DOCUMENTS, (number) => documentIn(inner, number)).flat(),
    );
  return {
    name: `first sync of ${(folders * SYNC_DOCUMENTS).toLocaleString("en")} documents`,
    extent: WHOLE_SYNC,
    isCold: true,
    parallel: 10,
    prepare: ({ storage, folder, send }) =>
      send(documentsIn(folder).map((path) => storage.put(path, SMALL))),
    steps({ storage, folder }) {
      const levels = [["/"], ["/bench/"], [folder], foldersIn(folder), documentsIn(folder)];
      return levels.map((paths) => paths.map((path) => storage.get(path, { isPreflighted: true })));
    },
    rows: [{ measure: "seconds" }],
  };
}
