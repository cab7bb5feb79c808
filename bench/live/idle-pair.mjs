/**
 * Two apps of one user that do nothing for ten minutes, in a process of their own: `node idle-pair.mjs`, with an IPC channel.
 * remotestorage.js is unmodified; the time of its timers is simulated, the requests are real. Answers
 * `{url, user, token, isLive}` with how many requests the apps have sent in that time, after those that connecting takes.
 */

import { createRequire } from "node:module";
import { mock } from "node:test";

const MINUTES = 10;
const TICK_MS = 1000;

/** Real time after each tick in which a request must begin that belongs to it. */
const SETTLE_MS = 10;

const APPS = 2;

const { setTimeout: realTimeout, fetch: realFetch } = globalThis;
let sent = 0;
let pending = 0;

globalThis.fetch = async (...args) => {
  sent++;
  pending++;
  try {
    return await realFetch(...args);
  } finally {
    pending--;
  }
};
const RealWebSocket = globalThis.WebSocket;
let opening = 0;
globalThis.WebSocket = class extends RealWebSocket {
  constructor(...args) {
    super(...args);
    // The request that is upgraded.
    sent++;
    opening++;
    this.addEventListener("open", () => opening--, { once: true });
  }
};

process.on("message", async (options) => process.send(await countRequests(options)));
process.on("disconnect", () => process.exit());

async function countRequests({ url, user, token, isLive }) {
  // Its package for Node loads one that Node cannot.
  const RemoteStorage = createRequire(import.meta.url)("remotestoragejs/release/remotestorage.js");
  const { live } = await import("../../client/live/index.js");
  const properties = { "urn:x-satchel:live:1": `${url.replace("http", "ws")}/live/${user}` };
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.now() });
  sent = 0;
  const connections = Array.from({ length: APPS }, () => {
    const remoteStorage = new RemoteStorage({ logging: false });
    remoteStorage.access.claim("notes", "rw");
    remoteStorage.caching.enable("/notes/");
    remoteStorage.on("error", (error) => {
      throw error;
    });
    const connection = isLive ? live(remoteStorage) : null;
    remoteStorage.remote.configure({
      userAddress: `${user}@${new URL(url).host}`,
      href: `${url}/storage/${user}`,
      storageApi: "draft-dejong-remotestorage-26",
      token,
      properties,
    });
    return { remoteStorage, connection };
  });
  const synced = connections.map(
    ({ remoteStorage }) => new Promise((resolve) => remoteStorage.on("sync-done", resolve)),
  );
  let areSynced = false;
  Promise.all(synced).then(() => {
    areSynced = true;
  });
  while (!(areSynced && connections.every(isConnected))) {
    mock.timers.tick(TICK_MS);
    await settle();
  }
  const connecting = sent;
  sent = 0;
  for (let ms = 0; ms < MINUTES * 60_000; ms += TICK_MS) {
    mock.timers.tick(TICK_MS);
    await settle();
  }
  const isAsExpected = connections.every(
    ({ connection }) => !isLive || connection.status === "live",
  );
  if (!isAsExpected) throw new Error("A socket was lost.");
  const idle = sent;
  for (const { remoteStorage, connection } of connections) {
    connection?.stop();
    remoteStorage.disconnect();
  }
  mock.timers.reset();
  return { connecting, idle };
}

/** Whether an app has the socket that it should have. */
const isConnected = ({ connection }) => connection === null || connection.status === "live";

/** Waits until all that was begun has been answered. */
async function settle() {
  do await new Promise((resolve) => realTimeout(resolve, SETTLE_MS));
  while (pending > 0 || opening > 0);
}
