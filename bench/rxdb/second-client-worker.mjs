/**
 * The other client of a database, in a thread of its own (RxDB opens a database once in each). Fills
 * collections, and has a live query whose results it tells with the time at which they came.
 */

import { parentPort, workerData } from "node:worker_threads";
import { BEACON, clock, openDatabase, seedOf } from "./client.mjs";

/** As many as RxDB's memory storage and ours both take in one write. */
const BULK = 1000;

const DEEDS = { fill, follow, leave };

/** The database while it has a live query. */
let open = null;

parentPort.on("message", async ({ deed, args }) => {
  try {
    await DEEDS[deed](...args);
    parentPort.postMessage({ done: deed });
  } catch (error) {
    parentPort.postMessage({ failure: error.stack });
  }
});

async function fill(names, count) {
  const database = await openDatabase(workerData.name, workerData.url, names);
  const documents = [...seedOf(count), BEACON];
  for (const name of names) {
    for (let start = 0; start < documents.length; start += BULK) {
      const { error } = await database[name].bulkInsert(documents.slice(start, start + BULK));
      if (error.length > 0) throw new Error(`${error.length} documents were not taken.`);
    }
  }
  await database.close();
}

/** Looks at the beacon from now on. */
async function follow(name) {
  open = await openDatabase(workerData.name, workerData.url, [name]);
  const collection = open[name];
  const isThere = Promise.withResolvers();
  collection.find({ selector: { rank: { $gte: BEACON.rank } } }).$.subscribe(([document]) => {
    if (!document) return;
    parentPort.postMessage({ query: document.title, at: clock() });
    isThere.resolve();
  });
  collection.internalStorageInstance.changeStream().subscribe(({ events }) => {
    for (const { documentData } of events) {
      if (documentData.id !== BEACON.id) continue;
      parentPort.postMessage({ event: documentData.title, at: clock() });
    }
  });
  await isThere.promise;
}

async function leave() {
  await open.close();
  open = null;
}
