/**
 * The second client of a database, in its own thread, since RxDB opens a database only once per
 * thread. Fills collections, and reports results of a live query with their time of arrival.
 */

import { parentPort, workerData } from "node:worker_threads";
import { BEACON, clock, createSeed, openDatabase } from "./client.mjs";

/** Documents per write; both servers accept as many. */
const BULK_DOCUMENTS = 1000;

const COMMANDS = { fill, follow, leave };

/** The database of the live query; null without one. */
let liveDatabase = null;

parentPort.on("message", async ({ command, args }) => {
  try {
    await COMMANDS[command](...args);
    parentPort.postMessage({ done: command });
  } catch (error) {
    parentPort.postMessage({ failure: error.stack });
  }
});

async function fill(names, count) {
  const database = await openDatabase(workerData.name, workerData.url, names);
  const documents = [...createSeed(count), BEACON];
  for (const name of names) {
    for (let start = 0; start < documents.length; start += BULK_DOCUMENTS) {
      const { error } = await database[name].bulkInsert(
        documents.slice(start, start + BULK_DOCUMENTS),
      );
      if (error.length > 0) throw new Error(`${error.length} documents were not stored.`);
    }
  }
  await database.close();
}

/** Reports each change of the beacon. */
async function follow(name) {
  liveDatabase = await openDatabase(workerData.name, workerData.url, [name]);
  const collection = liveDatabase[name];
  const found = Promise.withResolvers();
  collection.find({ selector: { rank: { $gte: BEACON.rank } } }).$.subscribe(([document]) => {
    if (!document) return;
    parentPort.postMessage({ query: document.title, at: clock() });
    found.resolve();
  });
  collection.internalStorageInstance.changeStream().subscribe(({ events }) => {
    for (const { documentData } of events) {
      if (documentData.id !== BEACON.id) continue;
      parentPort.postMessage({ event: documentData.title, at: clock() });
    }
  });
  await found.promise;
}

async function leave() {
  await liveDatabase.close();
  liveDatabase = null;
}
