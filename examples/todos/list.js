/** The list: a database in this browser, replicated with one in the user's Satchel. */

import { satchelChannel } from "@satchel/rxdb-client";
import {
  addRxPlugin,
  createRxDatabase,
  fillWithDefaultSettings,
  rxStorageInstanceToReplicationHandler,
} from "rxdb/plugins/core";
import { RxDBLeaderElectionPlugin } from "rxdb/plugins/leader-election";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { getRxStorageRemote } from "rxdb/plugins/storage-remote";
import { MODULE, token } from "./account.js";

addRxPlugin(RxDBLeaderElectionPlugin);

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 40 },
    title: { type: "string" },
    done: { type: "boolean" },
    createdAt: { type: "string", maxLength: 24 },
  },
  required: ["id", "title", "done", "createdAt"],
  indexes: ["createdAt"],
};

/** The schema of the one document that identifies the list in the Satchel: see `loadIdentity`. */
const IDENTITY_SCHEMA = fillWithDefaultSettings({
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 10 },
    identity: { type: "string" },
  },
  required: ["id", "identity"],
});

/** How soon replication is tried again after a refusal. */
const RETRY_MS = 30_000;

const FIELDS = ["title", "done", "_deleted"];

/**
 * Merges a to-do that was changed both here and in the Satchel, field by field. If both have changed the
 * same field, the later push wins: this one.
 */
const conflictHandler = {
  isEqual: (a, b) => FIELDS.every((field) => a[field] === b[field]),
  async resolve({ assumedMasterState: base, realMasterState: remote, newDocumentState: local }) {
    if (!base) return remote;
    const changed = FIELDS.filter((field) => local[field] !== base[field]);
    return { ...remote, ...Object.fromEntries(changed.map((field) => [field, local[field]])) };
  },
};

/** Opens the list in this browser. Each user address has its own. */
export async function openList(address) {
  const hex = Array.from(new TextEncoder().encode(address), (byte) => byte.toString(16));
  const database = await createRxDatabase({
    name: `todos-${hex.join("")}`,
    storage: getRxStorageDexie(),
  });
  await database.addCollections({ todos: { schema: SCHEMA, conflictHandler } });
  return database.todos;
}

/**
 * Returns the identity of the list in the Satchel. The user may delete that list at any time, and the
 * next client creates a new one, at the same URL and with the same name. RxDB remembers by the
 * `replicationIdentifier` what it has pushed. Were that the URL alone, RxDB would assume that the old
 * to-dos were already pushed, and never push them to the new list. So each list has an identity, which is
 * deleted together with it. The first client writes it; to all others it is returned as a conflict.
 */
async function loadIdentity(satchel) {
  const mine = { id: "list", identity: crypto.randomUUID(), _deleted: false };
  const [{ identity } = mine] = await satchel.masterWrite([{ newDocumentState: mine }]);
  return identity;
}

/**
 * Replicates the list with the one in the Satchel. Calls `onState` with "syncing", "live", "offline", or
 * "refused" and a message. Only one window of a browser replicates; when it is closed, another one takes
 * over. Returns a function that stops the replication.
 */
export function keepSynced(list, url, onState) {
  let stop = () => {};
  let report = () => {};
  const stopping = new AbortController();
  // The browser knows at once that it is offline; a dead socket is noticed only after a while.
  for (const event of ["online", "offline"])
    addEventListener(event, () => report(), { signal: stopping.signal });
  list.database.waitForLeadership().then(start);

  async function start() {
    if (stopping.signal.aborted) return;
    let channel = { state: "connecting" };
    let isActive = true;
    let isLost = false;
    report = () => {
      if (channel.state === "refused") onState("refused", channel.error.message);
      else if (channel.state !== "live" || !navigator.onLine) onState("offline");
      else onState(isActive ? "syncing" : "live");
    };
    const messageChannelCreator = satchelChannel({
      url,
      token,
      onStatus(status) {
        if (status.state === "lost") {
          // Either the list was deleted in the Satchel: then everything is pushed to a new one. Or the
          // socket was offline for too long: then the replication resumes at its checkpoint.
          if (!isLost) restart();
          isLost = true;
        } else if (status.state !== "closed") {
          channel = status;
          report();
        }
      },
    });
    let replication;
    stop = async () => {
      await messageChannelCreator.close();
      await replication?.cancel();
    };
    const storage = getRxStorageRemote({ identifier: url, messageChannelCreator });
    const open = async (collectionName, schema) =>
      rxStorageInstanceToReplicationHandler(
        await storage.createStorageInstance({
          databaseInstanceToken: list.database.token,
          databaseName: MODULE,
          collectionName,
          schema,
          options: {},
          multiInstance: false,
          devMode: false,
        }),
        conflictHandler,
        list.database.token,
      );
    let satchel;
    let identity;
    try {
      satchel = await open(list.name, list.schema.jsonSchema);
      identity = await loadIdentity(await open("identity", IDENTITY_SCHEMA));
    } catch (error) {
      console.warn(error);
      // The Satchel has refused something, as the page shows; it may accept it later.
      if (!stopping.signal.aborted && !isLost) setTimeout(restart, RETRY_MS);
      return;
    }
    if (stopping.signal.aborted || isLost) return;
    replication = replicateRxCollection({
      replicationIdentifier: `${url} ${identity}`,
      collection: list,
      pull: {
        handler: (checkpoint, count) => satchel.masterChangesSince(checkpoint, count),
        stream$: satchel.masterChangeStream$,
      },
      push: { handler: (rows) => satchel.masterWrite(rows) },
    });
    replication.active$.subscribe((active) => {
      isActive = active;
      report();
    });
    replication.error$.subscribe((error) => console.warn(error));
  }

  async function restart() {
    await stop();
    await start();
  }

  return async () => {
    stopping.abort();
    await stop();
  };
}
