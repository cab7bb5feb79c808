/** RxDB's own client for web sockets, as npm has it, against the local server, over kill -9. */

import { createRxDatabase } from "rxdb/plugins/core";
import { getRxStorageRemoteWebsocket } from "rxdb/plugins/storage-remote-websocket";
import { createRxDatabase as createRxDatabase16 } from "rxdb-16/plugins/core";
import { getRxStorageRemoteWebsocket as getRxStorageRemoteWebsocket16 } from "rxdb-16/plugins/storage-remote-websocket";
import { expect, it, vi } from "vitest";
import { type Server, serve, temporaryFolder } from "./server";
import { connectApp } from "./test-user";

const KITS = {
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

interface Thing {
  id: string;
  rank: number;
}

let clients = 0;

/** A client as a process of its own would have it. */
async function open(version: keyof typeof KITS, url: string, name: string) {
  const kit = KITS[version];
  const storage = kit.getStorage({ url, mode: "storage" });
  // RxDB lets one process open a database once for each name of a storage.
  Object.assign(storage, { name: `client-${++clients}` });
  const database = await kit.createRxDatabase({ name, storage, multiInstance: false });
  const { things } = await database.addCollections({ things: { schema: SCHEMA } });
  if (!things) throw new Error("No collection.");
  const live = { ids: [] as string[] };
  things.find({ sort: [{ rank: "asc" }] }).$.subscribe((documents: Thing[]) => {
    live.ids = documents.map(({ id }) => id);
  });
  return { database, things, live };
}

/** `shown`: what the live query shows, to be told if it never comes. */
const until = (shown: () => unknown, expected: unknown) =>
  vi.waitFor(() => expect(shown()).toEqual(expected), { timeout: 20_000, interval: 20 });

it("keeps what it has acknowledged over kill -9, and live queries catch up by themselves", async () => {
  const data = temporaryFolder();
  let server: Server = await serve(data);
  const { url, port } = server;
  const app = (await connectApp(url, "alice"))(url);
  const door = `${url.replace(/^http/, "ws")}/rxdb/alice/todos`;
  const session = async (): Promise<string> => {
    const response = await fetch(`${url}/rxdb/alice/todos/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${app.token}` },
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { url: string }).url;
  };
  const token = async () => `${door}?access_token=${app.token}`;
  const ways = [
    ["16", token],
    ["17", token],
    ["16", session],
    ["17", session],
  ] as const;
  const all = await Promise.all(
    ways.map(async ([version, urlOf], i) => {
      const name = `db${i}`;
      const writer = await open(version, await urlOf(), name);
      const watcher = await open(version, await urlOf(), name);
      await writer.things.insert({ id: "before", rank: 1 });
      await until(() => watcher.live.ids, ["before"]);
      await writer.things.bulkInsert(
        Array.from({ length: 50 }, (_, n) => ({ id: `acknowledged ${n}`, rank: 2 + n })),
      );
      return { version, urlOf, name, writer, watcher };
    }),
  );
  await server.end("SIGKILL");
  server = await serve(data, { args: ["--port", port] });
  await Promise.all(
    all.map(async ({ version, urlOf, name, writer, watcher }) => {
      const fresh = await open(version, await urlOf(), name);
      await until(() => fresh.live.ids.length, 51);
      await fresh.things.insert({ id: "after", rank: 500 });
      await until(() => [watcher, writer].map(({ live }) => live.ids.at(-1)), ["after", "after"]);
      await watcher.things.insert({ id: "by the watcher", rank: 501 });
      await until(() => [writer, fresh].map(({ live }) => live.ids.length), [53, 53]);
      const ids = writer.live.ids;
      expect([watcher.live.ids, fresh.live.ids]).toEqual([ids, ids]);
      await Promise.all([fresh, watcher, writer].map(({ database }) => database.close()));
    }),
  );
  expect(server.output.stderr).toBe("");
}, 60_000);
