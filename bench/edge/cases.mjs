/** What is measured behind the latencies of the real platform: cases of the speed comparison, and others. */

import { casesFor } from "../cases.mjs";

const SMALL = Buffer.alloc(1024, "x");
const MEDIUM = Buffer.alloc(1024 * 1024, "x");

/** Rounds, and requests per round. */
const SINGLE = { full: { rounds: 4, count: 6 }, quick: { rounds: 3, count: 4 } };
const AFTER_PAUSE = { full: { rounds: 10, count: 1 }, quick: { rounds: 5, count: 1 } };
const SYNC = { full: { rounds: 2, count: 1 }, quick: { rounds: 1, count: 1 } };
const WRITERS = { full: { rounds: 2, count: 200 }, quick: { rounds: 1, count: 200 } };

const SYNC_FOLDERS = 10;
const SYNC_DOCUMENTS_PER_FOLDER = 100;

/** So many times as slow as the real platform, so that the processor of a busy machine matters less. */
const SLOW_MOTION = 4;

/** Many requests at once take most of the processor. */
const WRITERS_SLOW_MOTION = 24;

/** How many times as many writes a second as the baseline, which commits them one by one. */
const MIN_WRITERS_RATIO = 8;

/** Cases of the speed comparison. */
const SHARED = [
  "GET 1 KB",
  "GET 304",
  "HEAD",
  "listing of 10 documents",
  "304 of a folder of 10",
  "PUT new 1 KB",
  "PUT overwrite 1 KB",
  "DELETE",
];

const P50 = [{ measure: "p50" }];

/** A request to the bench's own part of the Worker. */
export const bench = (act, argument) => ({
  method: "POST",
  path: `/edge/${act}/${argument}`,
  headers: {},
  statuses: [200],
});

const documentIn = (folder, number = 0) => `${folder}document-${number}`;

/** The first request of a user after some minutes without any. */
const afterPause = (name, step, { prepareRound = () => [] } = {}) => ({
  name: `${name}, after a pause`,
  extent: AFTER_PAUSE,
  isCold: true,
  isSingle: true,
  prepare: async (context) => {
    const { headers } = await context.sendOne(
      context.storage.put(documentIn(context.folder), SMALL),
    );
    context.etag = headers.etag;
  },
  before: (context, { round }) => [
    ...prepareRound(context, round),
    bench("pause", context.storage.user),
  ],
  steps: (context, { round }) => [[step(context, round)]],
  rows: P50,
});

const foldersIn = (folder) =>
  Array.from({ length: SYNC_FOLDERS }, (_, number) => `${folder}folder-${number}/`);

const documentsIn = (folder) =>
  foldersIn(folder).flatMap((inner) =>
    Array.from({ length: SYNC_DOCUMENTS_PER_FOLDER }, (_, number) => documentIn(inner, number)),
  );

/** The requests of a first sync, folder by folder, level by level. */
function syncLevels({ storage, folder }, round) {
  const top = `${folder}${round}/`;
  const levels = [["/"], ["/bench/"], [folder], [top], foldersIn(top), documentsIn(top)];
  return levels.map((paths) => paths.map((path) => storage.get(path, { isPreflighted: true })));
}

/** Every round syncs documents that nobody has read yet. */
const storeDocuments = ({ storage, folder }, round) => [
  bench("slow", 0),
  ...documentsIn(`${folder}${round}/`).map((path) => storage.put(path, SMALL)),
  bench("slow", SLOW_MOTION),
];

const syncCase = (name, before) => ({
  name: `${name} of ${(SYNC_FOLDERS * SYNC_DOCUMENTS_PER_FOLDER).toLocaleString("en")} documents`,
  extent: SYNC,
  isCold: true,
  parallel: 10,
  prepare: () => {},
  before: (context, { round }) => before(context, round),
  steps: (context, { round }) => syncLevels(context, round),
  rows: [{ measure: "seconds" }],
});

/**
 * All cases, in the form of cases.mjs of the speed comparison.
 * @returns {(import("../cases.mjs").Case & {slow: number, isSingle?: boolean})[]} `slow`: by how much the
 *   latencies are multiplied, and the figures divided; `isSingle`: one kind of request, one at a time, whose
 *   calls can be traced
 */
export function edgeCases() {
  const all = casesFor("full");
  const shared = SHARED.map((name) => {
    const work = all.find((work) => work.name === name);
    return { ...work, extent: SINGLE, isSingle: true, rows: P50 };
  });
  const writers = all.find(({ name }) => name === "100 writers of one user");
  const [get] = shared;
  const own = [
    get,
    {
      ...get,
      name: "GET 1 KB, just listed",
      before: ({ storage, folder }) => [storage.get(folder)],
    },
    ...shared.slice(1),
    {
      ...shared.find(({ name }) => name === "PUT overwrite 1 KB"),
      name: "PUT overwrite 1 MB",
      steps: ({ storage, folder }, { count }) => [
        Array.from({ length: count }, () => storage.put(documentIn(folder), MEDIUM)),
      ],
    },
    afterPause("GET 1 KB", ({ storage, folder }) => storage.get(documentIn(folder))),
    afterPause("GET 304", ({ storage, folder, etag }) =>
      storage.getUnchanged(documentIn(folder), etag),
    ),
    afterPause("PUT new 1 KB", ({ storage, folder }, round) =>
      storage.put(`${folder}${round}`, SMALL),
    ),
    afterPause("DELETE", ({ storage, folder }, round) => storage.delete(`${folder}${round}`), {
      prepareRound: ({ storage, folder }, round) => [storage.put(`${folder}${round}`, SMALL)],
    }),
    syncCase("first sync", storeDocuments),
    syncCase("a second device's sync", (context, round) => [
      ...storeDocuments(context, round),
      ...syncLevels(context, round).flat(),
    ]),
    {
      ...writers,
      slow: WRITERS_SLOW_MOTION,
      isCold: true,
      extent: WRITERS,
      isAlsoSequential: false,
      rows: [{ measure: "perSecond", toBase: { min: MIN_WRITERS_RATIO } }],
    },
  ];
  return own.map((work) => ({ slow: SLOW_MOTION, ...work }));
}
