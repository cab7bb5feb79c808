/**
 * How often Satchel asks R2 for a version that is no longer the current one, because it was listed before
 * another device has changed it: a read that is paid for in vain.
 */

import { Client } from "../http-client.mjs";
import { connectUser } from "../servers/connect-user.mjs";
import { storageRequests } from "../storage-requests.mjs";
import { startEdgeServer } from "./server.mjs";

const USER = "guesses";
const FOLDER = "/bench/shared/";
const DOCUMENTS = 100;
const ISOLATES = 2;

const DURATION_MS = { full: 30_000, quick: 10_000 };

/** Milliseconds between the writes of the other device. */
const PAUSES_MS = { "without a pause": 0, "once a second": 1000 };

/**
 * One device polls a folder and gets what has changed, without a pause, while another one writes documents
 * of the folder. Each request goes to one of two isolates at random, which know nothing of each other.
 * @returns {Promise<{pace: string, reads: number, writes: number, inVain: number}[]>}
 */
export async function measureGuesses(folder, latencies, length) {
  const server = await startEdgeServer("satchel", folder, latencies, ISOLATES);
  try {
    const storage = storageRequests(
      USER,
      await connectUser({ name: "satchel", url: server.url }, USER),
    );
    const clients = server.urls.map((url) => new Client(url, 10));
    const send = (request) => clients[Math.floor(Math.random() * clients.length)].fetch(request);
    const results = [];
    for (const [pace, pauseMs] of Object.entries(PAUSES_MS)) {
      results.push({
        pace,
        ...(await measurePace(storage, clients, send, pauseMs, DURATION_MS[length])),
      });
    }
    for (const client of clients) client.close();
    return results;
  } finally {
    await server.stop();
  }
}

async function measurePace(storage, clients, send, pauseMs, durationMs) {
  const path = (number) => `${FOLDER}document-${number}`;
  for (let number = 0; number < DOCUMENTS; number++) await send(storage.put(path(number), BODY));
  const before = await countReads(clients);
  const known = new Map();
  let reads = 0;
  let writes = 0;
  let isReading = true;
  const write = async () => {
    while (isReading) {
      await send(storage.put(path(Math.floor(Math.random() * DOCUMENTS)), BODY));
      writes++;
      await new Promise((done) => setTimeout(done, pauseMs));
    }
  };
  const read = async () => {
    for (const end = performance.now() + durationMs; performance.now() < end; ) {
      const { items } = JSON.parse((await send(storage.get(FOLDER))).text);
      const changed = Object.keys(items).filter((name) => known.get(name) !== items[name].ETag);
      await Promise.all(
        changed.map(async (name) => {
          const { headers } = await send(storage.get(FOLDER + name));
          known.set(name, headers.etag.slice(1, -1));
          reads++;
        }),
      );
    }
    isReading = false;
  };
  await Promise.all([write(), read()]);
  return { reads, writes, inVain: (await countReads(clients)) - before - reads };
}

const BODY = Buffer.alloc(1024, "x");

async function countReads(clients) {
  const request = { method: "POST", path: "/edge/calls/r2Get", headers: {}, statuses: [200] };
  let sum = 0;
  for (const client of clients) sum += JSON.parse((await client.fetch(request)).text).count;
  return sum;
}
