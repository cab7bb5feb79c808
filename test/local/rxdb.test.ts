/** RxDB's own WebSocket client, unmodified from npm, against the local server, across kill -9. */

import { createRxDatabase } from "rxdb/plugins/core";
import { getRxStorageRemoteWebsocket } from "rxdb/plugins/storage-remote-websocket";
import { createRxDatabase as createRxDatabase16 } from "rxdb-16/plugins/core";
import { getRxStorageRemoteWebsocket as getRxStorageRemoteWebsocket16 } from "rxdb-16/plugins/storage-remote-websocket";
import { expect, it, vi } from "vitest";
import { type Server, startServer, temporaryFolder } from "./server";
import { connectApp } from "./test-user";

const RXDB_VERSIONS = {
  "16": {
    createRxDatabase: createRxDatabase16 as unknown as typeof createRxDatabase,
    getStorage: getRxStorageRemoteWebsocket16 as unknown as typeof getRxStorageRemoteWebsocket,
  },
  "17": { createRxDatabase, getStorage: getRxStorageRemoteWebsocket },
};

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 40 },
    rank: { type: "integer", minimum: 0, maximum: 1000, multipleOf: 1 },
  },
  required: ["id", "rank"],
  indexes: ["rank"],
} as const;

interface Item {
  id: string;
  rank: number;
}

let clients = 0;

/** Opens a database as a client of its own. */
async function open(version: keyof typeof RXDB_VERSIONS, url: string, name: string) {
  const rxdb = RXDB_VERSIONS[version];
  const storage = rxdb.getStorage({ url, mode: "storage" });
  // RxDB opens the same database twice in one process only if its storages have different names.
  Object.assign(storage, { name: `client-${++clients}` });
  const database = await rxdb.createRxDatabase({ name, storage, multiInstance: false });
  const { items } = await database.addCollections({ items: { schema: SCHEMA } });
  if (!items) throw new Error("No collection.");
  const live = { ids: [] as string[] };
  items.find({ sort: [{ rank: "asc" }] }).$.subscribe((documents: Item[]) => {
    live.ids = documents.map(({ id }) => id);
  });
  return { database, items, live };
}

/** Waits until a value is as expected; fails with the difference. */
const waitForEqual = (actual: () => unknown, expected: unknown) =>
  vi.waitFor(() => expect(actual()).toEqual(expected), { timeout: 60_000, interval: 20 });

it("keeps acknowledged writes across kill -9, and live queries catch up by themselves", async () => {
  const data = temporaryFolder();
  let server: Server = await startServer(data);
  const { url, port } = server;
  const app = (await connectApp(url, "alice"))(url);
  const endpoint = `${url.replace(/^http/, "ws")}/rxdb/alice/todos`;
  const session = async (): Promise<string> => {
    const response = await fetch(`${url}/rxdb/alice/todos/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${app.token}` },
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { url: string }).url;
  };
  const token = async () => `${endpoint}?access_token=${app.token}`;
  const urls = [
    ["16", token],
    ["17", token],
    ["16", session],
    ["17", session],
  ] as const;
  const all = await Promise.all(
    urls.map(async ([version, urlOf], i) => {
      const name = `db${i}`;
      const writer = await open(version, await urlOf(), name);
      const watcher = await open(version, await urlOf(), name);
      await writer.items.insert({ id: "before", rank: 1 });
      await waitForEqual(() => watcher.live.ids, ["before"]);
      await writer.items.bulkInsert(
        Array.from({ length: 50 }, (_, n) => ({ id: `acknowledged ${n}`, rank: 2 + n })),
      );
      return { version, urlOf, name, writer, watcher };
    }),
  );
  await server.stop("SIGKILL");
  server = await startServer(data, { args: ["--port", port] });
  await Promise.all(
    all.map(async ({ version, urlOf, name, writer, watcher }) => {
      const fresh = await open(version, await urlOf(), name);
      await waitForEqual(() => fresh.live.ids.length, 51);
      await fresh.items.insert({ id: "after", rank: 500 });
      await waitForEqual(
        () => [watcher, writer].map(({ live }) => live.ids.at(-1)),
        ["after", "after"],
      );
      await watcher.items.insert({ id: "of the watcher", rank: 501 });
      await waitForEqual(() => [writer, fresh].map(({ live }) => live.ids.length), [53, 53]);
      const ids = writer.live.ids;
      expect([watcher.live.ids, fresh.live.ids]).toEqual([ids, ids]);
      await Promise.all([fresh, watcher, writer].map(({ database }) => database.close()));
    }),
  );
  expect(server.output.stderr).toBe("");
}, 60_000);
