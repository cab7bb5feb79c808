/** The list: a database in this browser, which is there without a network, and its way to the Satchel. */

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

/** Of the one document that tells the remote list from any other: see `identityOf`. */
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

/** How often to look whether what was refused is still refused. */
const RETRY_MS = 30_000;

const FIELDS = ["title", "done", "_deleted"];

/**
 * When a to-do was changed both here and elsewhere, each field is taken from where it was changed;
 * if both have changed the same field, the one who comes later with it wins: that is us.
 */
const conflictHandler = {
  isEqual: (a, b) => FIELDS.every((field) => a[field] === b[field]),
  async resolve({ assumedMasterState: before, realMasterState: there, newDocumentState: here }) {
    if (!before) return there;
    const changed = FIELDS.filter((field) => here[field] !== before[field]);
    return { ...there, ...Object.fromEntries(changed.map((field) => [field, here[field]])) };
  },
};

/** Opens the list as it is in this browser. Of every address there is one. */
export async function openList(address) {
  const letters = Array.from(new TextEncoder().encode(address), (byte) => byte.toString(16));
  const database = await createRxDatabase({
    name: `todos-${letters.join("")}`,
    storage: getRxStorageDexie(),
  });
  await database.addCollections({ todos: { schema: SCHEMA, conflictHandler } });
  return database.todos;
}

/**
 * Which list it is that is in the Satchel. The person may delete it there at any time, and the next
 * one to come makes a new one, at the same URL and with the same name. RxDB remembers by the
 * `replicationIdentifier` what it has pushed: were that the URL alone, it would take the to-dos of
 * before for pushed, and never bring them to the new list. So each list has an identity, deleted
 * together with it. Whoever comes first makes it; to everybody else the one that is there is returned
 * as a conflict.
 */
async function identityOf(satchel) {
  const mine = { id: "list", identity: crypto.randomUUID(), _deleted: false };
  const [{ identity } = mine] = await satchel.masterWrite([{ newDocumentState: mine }]);
  return identity;
}

/**
 * Keeps the list the same as the one in the Satchel. `onState` is told: "syncing", "live", "offline",
 * or "refused" with the reason. Of the windows of one browser one does this for all, and hands over
 * when it is closed. Returns a function that ends it.
 */
export function keepSynced(list, url, onState) {
  let stop = () => {};
  let report = () => {};
  const ending = new AbortController();
  // The browser knows at once what a silent socket shows only after a while.
  for (const event of ["online", "offline"])
    addEventListener(event, () => report(), { signal: ending.signal });
  list.database.waitForLeadership().then(start);

  async function start() {
    if (ending.signal.aborted) return;
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
          // The list was deleted in the Satchel: then we bring to a new one what we have. Or we were
          // away for too long for the socket to catch up: the replication knows how far it has got.
          if (!isLost) again();
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
      identity = await identityOf(await open("identity", IDENTITY_SCHEMA));
    } catch (error) {
      console.warn(error);
      // It was refused, as the person was told; that may be over later.
      if (!ending.signal.aborted && !isLost) setTimeout(again, RETRY_MS);
      return;
    }
    if (ending.signal.aborted || isLost) return;
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

  async function again() {
    await stop();
    await start();
  }

  return async () => {
    ending.abort();
    await stop();
  };
}
