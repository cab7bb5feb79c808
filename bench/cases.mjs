/** The cases of the speed comparison, and their targets. */

const KIB = 1024;
const MIB = 1024 * KIB;
const SMALL = Buffer.alloc(KIB, "x");

/** Number of folders of a first sync, and documents in each. */
const SYNC_FOLDERS = { full: 10, quick: 2 };
const SYNC_DOCUMENTS_PER_FOLDER = 100;

/** Rounds, and requests per round. Short rounds distribute disturbances of the machine evenly. */
const SMALL_WORK = { full: { rounds: 21, count: 20 }, quick: { rounds: 6, count: 8 } };
const MEDIUM_WORK = { full: { rounds: 15, count: 8 }, quick: { rounds: 4, count: 3 } };
const LARGE_WORK = { full: { rounds: 15, count: 2 }, quick: { rounds: 3, count: 1 } };
const HUGE_WORK = { full: { rounds: 5, count: 1 }, quick: { rounds: 1, count: 1 } };
const WRITERS = { full: { rounds: 5, count: 200 }, quick: { rounds: 2, count: 100 } };
const CROWD = { full: { rounds: 7, count: 400 }, quick: { rounds: 2, count: 100 } };
const WHOLE_SYNC = { full: { rounds: 3, count: 1 }, quick: { rounds: 1, count: 1 } };

const atMost = (limit) => ({ max: limit });
const atLeast = (limit) => ({ min: limit });
const NOT_SLOWER = atMost(1);

/**
 * A case that runs against every server.
 * @typedef {object} Case
 * @property {string} name
 * @property {{full: Extent, quick: Extent}} extent of a full and a quick run
 * @property {number} [parallel] concurrent requests; default 1
 * @property {number} [users] number of users; default 1
 * @property {number} [size] number of documents in the folder
 * @property {number} [smallSize] also run by Satchel in a folder of this size, as "itself"
 * @property {boolean} [isAlsoSequential] also run by the baseline without concurrency, as "sequential"
 * @property {boolean} [isCold] without a warm-up round
 * @property {(context: CaseContext) => Promise<void>} [prepare] runs once before all rounds
 * @property {(context: CaseContext, options: RoundOptions) => import("./http-client.mjs").BenchRequest[]} [before] requests
 *   before each round, not timed
 * @property {(context: CaseContext, options: RoundOptions) => import("./http-client.mjs").BenchRequest[][]} steps lists of
 *   requests for each round, one list after the other
 * @property {boolean} [areListsParallel] runs all lists at once, and the requests of each sequentially
 * @property {Row[]} rows the measures to compare, with their targets
 */

/**
 * Where a case runs: the storage of users at one server, and a folder in it for this case only.
 * @typedef {object} CaseContext
 * @property {import("./storage-requests.mjs").Storage[]} storages one per user
 * @property {import("./storage-requests.mjs").Storage} storage the first
 * @property {string} folder
 * @property {number} [size]
 * @property {(request: import("./http-client.mjs").BenchRequest) => Promise<{headers: object, text: string}>} sendOne
 * @property {(requests: import("./http-client.mjs").BenchRequest[]) => Promise<void>} send several at a time
 * @property {(folder: string, count: number) => Promise<void>} fillFolder copies of its document-0
 * @property {string} [etag] set by `prepare`
 */

/** @typedef {{rounds: number, count: number}} Extent */

/** @typedef {{count: number, round: string}} RoundOptions `round`: its name */

/**
 * A comparison: a measure of `Result` in rounds.mjs, the base of comparison besides armadietto, and
 * the targets. `limit`: a target for Satchel's own figure.
 * @typedef {{measure: string, base?: "baseline" | "itself" | "sequential", toBase?: Target,
 *   toArmadietto?: Target, limit?: Target}} Row
 * @typedef {{max: number} | {min: number}} Target
 */

const repeat = (count, make) => [Array.from({ length: count }, (_, number) => make(number))];

const documentIn = (folder, number = 0) => `${folder}document-${number}`;

/** Stores document-0 in the folder, and keeps its ETag. */
async function putOne(context, body = SMALL) {
  const { storage, folder, sendOne } = context;
  const { headers } = await sendOne(storage.put(documentIn(folder), body));
  context.etag = headers.etag;
}

/** Fills the folder with `size` documents, and keeps its ETag. */
async function fill(context) {
  const { storage, folder, size, sendOne, fillFolder } = context;
  await sendOne(storage.put(documentIn(folder), SMALL));
  await fillFolder(folder, size);
  const { headers, text } = await sendOne(storage.get(folder));
  const items = Object.keys(JSON.parse(text).items).length;
  if (items !== size)
    throw new Error(`The listing of a folder of ${size} documents has ${items} items.`);
  context.etag = headers.etag;
}

const READ_ROWS = [
  { measure: "p50", toBase: atMost(1.15) },
  { measure: "cpu", toBase: atMost(1.2) },
];
const PUT = { toBase: atMost(1.2), toArmadietto: NOT_SLOWER };
const WRITE = { toBase: atMost(1.3), toArmadietto: NOT_SLOWER };

const readCase = (name, make) => ({
  name,
  extent: SMALL_WORK,
  prepare: putOne,
  steps: (context, { count }) => repeat(count, () => make(context)),
  rows: READ_ROWS,
});

const listingCase = (size, extent, rows) => ({
  name: `listing of ${size.toLocaleString("en")} documents`,
  extent,
  size,
  prepare: fill,
  steps: ({ storage, folder }, { count }) => repeat(count, () => storage.get(folder)),
  rows,
});

const notModifiedCase = (size, more) => ({
  name: `304 of a folder of ${size.toLocaleString("en")}`,
  extent: SMALL_WORK,
  size,
  prepare: fill,
  steps: ({ storage, folder, etag }, { count }) =>
    repeat(count, () => storage.getUnchanged(folder, etag)),
  ...more,
});

const putCase = (name, body, toPath, rows = [{ measure: "p50", ...PUT }]) => ({
  name,
  extent: SMALL_WORK,
  prepare: (context) => putOne(context),
  steps: (context, { count, round }) =>
    repeat(count, (number) => context.storage.put(toPath(context, round, number), body)),
  rows,
});

const newPath = ({ folder }, round, number) => `${folder}${round}-${number}`;
const samePath = ({ folder }) => documentIn(folder);
const deepPath = ({ folder }, round, number) => `${folder}b/c/d/e/f/g/h/i/${round}-${number}`;

const largeCases = (mebibytes, extent, rows) => {
  const body = Buffer.alloc(mebibytes * MIB, "x");
  return [
    { ...putCase(`PUT of ${mebibytes} MB`, body, samePath, rows.put), extent },
    {
      name: `GET of ${mebibytes} MB`,
      extent,
      prepare: (context) => putOne(context, body),
      steps: ({ storage, folder }, { count }) =>
        repeat(count, () => storage.get(documentIn(folder), { bytes: body.byteLength })),
      rows: rows.get,
    },
  ];
};

const MEMORY = { measure: "memory", limit: atMost(20), toArmadietto: NOT_SLOWER };

/** Number of users. Signing each up takes a password hash, so few in a quick run. */
const USERS = { full: 100, quick: 20 };

/**
 * All cases. The largest come first: their memory use is visible only in servers that have not
 * handled much yet.
 * @param {"full" | "quick"} length of the run
 * @returns {Case[]}
 */
export const casesFor = (length) => [
  ...largeCases(100, HUGE_WORK, {
    put: [{ measure: "p50", ...WRITE }, MEMORY],
    get: [{ measure: "p50" }, MEMORY],
  }),
  ...largeCases(10, LARGE_WORK, { put: [{ measure: "p50", ...WRITE }], get: [{ measure: "p50" }] }),
  readCase("GET 1 KB", ({ storage, folder }) => storage.get(documentIn(folder), { bytes: KIB })),
  readCase("GET 304", ({ storage, folder, etag }) =>
    storage.getUnchanged(documentIn(folder), etag),
  ),
  readCase("HEAD", ({ storage, folder }) => storage.head(documentIn(folder))),
  listingCase(10, SMALL_WORK, READ_ROWS),
  listingCase(1000, MEDIUM_WORK, READ_ROWS),
  listingCase(10_000, LARGE_WORK, [
    { measure: "firstByte", toBase: atMost(1.15), toArmadietto: NOT_SLOWER },
    ...READ_ROWS,
  ]),
  notModifiedCase(10, { rows: READ_ROWS }),
  notModifiedCase(10_000, {
    smallSize: 10,
    rows: [{ measure: "p50", base: "itself", toBase: atMost(1.3), toArmadietto: NOT_SLOWER }],
  }),
  {
    name: "PUT into a folder of 10,000",
    extent: MEDIUM_WORK,
    size: 10_000,
    smallSize: 10,
    prepare: fill,
    // Replaces documents, so that the size of the folder stays the same.
    steps: ({ storage, folder }, { count }) =>
      repeat(count, (number) => storage.put(documentIn(folder, number % 10), SMALL)),
    rows: [{ measure: "p50", base: "itself", toBase: atMost(1.3), toArmadietto: NOT_SLOWER }],
  },
  putCase("PUT new 1 KB", SMALL, newPath),
  putCase("PUT overwrite 1 KB", SMALL, samePath),
  putCase("PUT ten folders deep", SMALL, deepPath),
  {
    name: "DELETE",
    extent: SMALL_WORK,
    prepare: (context) => putOne(context),
    before: (context, { count, round }) =>
      repeat(count, (number) => context.storage.put(newPath(context, round, number), SMALL)).flat(),
    steps: (context, { count, round }) =>
      repeat(count, (number) => context.storage.delete(newPath(context, round, number))),
    rows: [{ measure: "p50", ...WRITE }],
  },
  firstSyncCase(SYNC_FOLDERS[length]),
  {
    name: "100 writers of one user",
    extent: WRITERS,
    isAlsoSequential: true,
    parallel: 100,
    prepare: (context) => putOne(context),
    steps: (context, { count, round }) =>
      repeat(count, (number) => context.storage.put(newPath(context, round, number), SMALL)),
    rows: [
      { measure: "perSecond", toArmadietto: atLeast(2) },
      { measure: "perSecond", base: "sequential", toBase: atLeast(2) },
      { measure: "p99", toArmadietto: atMost(0.1) },
    ],
  },
  {
    name: `${USERS[length]} users at once`,
    extent: CROWD,
    parallel: USERS[length],
    users: USERS[length],
    prepare: ({ storages, folder, send }) =>
      send(storages.map((storage) => storage.put(documentIn(folder), SMALL))),
    // Each user sends one request at a time: three reads, then a write.
    areListsParallel: true,
    steps: ({ storages, folder }, { count, round }) =>
      storages.map((storage) =>
        repeat(Math.ceil(count / storages.length), (number) =>
          number % 4 === 3
            ? storage.put(`${folder}${round}-${number}`, SMALL)
            : storage.get(documentIn(folder), { bytes: KIB }),
        ).flat(),
      ),
    rows: [{ measure: "perSecond", toBase: atLeast(0.95) }, { measure: "p99" }],
  },
];

function firstSyncCase(folders) {
  const foldersIn = (folder) =>
    Array.from({ length: folders }, (_, number) => `${folder}folder-${number}/`);
  const documentsIn = (folder) =>
    foldersIn(folder).flatMap((inner) =>
      repeat(SYNC_DOCUMENTS_PER_FOLDER, (number) => documentIn(inner, number)).flat(),
    );
  return {
    name: `first sync of ${(folders * SYNC_DOCUMENTS_PER_FOLDER).toLocaleString("en")} documents`,
    extent: WHOLE_SYNC,
    isCold: true,
    parallel: 10,
    prepare: ({ storage, folder, send }) =>
      send(documentsIn(folder).map((path) => storage.put(path, SMALL))),
    steps({ storage, folder }) {
      const levels = [["/"], ["/bench/"], [folder], foldersIn(folder), documentsIn(folder)];
      return levels.map((paths) => paths.map((path) => storage.get(path, { isPreflighted: true })));
    },
    rows: [{ measure: "seconds", toBase: atMost(1.15) }],
  };
}
