/** What one hostile account does, over and over, as far as the limits let it. */

import { setTimeout as wait } from "node:timers/promises";
import { ALL_INDEXES, ONE_INDEX, queryOf, RxdbSocket, rowOf } from "./rxdb-socket.mjs";

/** Requests and sockets that an attack has open at a time. */
export const PARALLEL = 4;

/** A client that is refused tries again so soon. */
const RETRY_MS = 50;

const MIB = 1024 * 1024;

/**
 * A client, and the name of the neighbour whom some attacks aim at.
 * @typedef {{url: string, user: string, token: string, cookie: string, neighbour: string}} Attacker
 *
 * `prepare` runs before; what it returns is run by each of the parallel clients until the end.
 * `harmless`: the name of the row to compare it with, unless that is the first.
 * @typedef {{name: string, harmless?: string, prepare: (attacker: Attacker) => Promise<(index: number) => Promise<unknown>>}} Attack
 */

let count = 0;

async function request({ url, token }, method, path, init = {}) {
  const headers = { Authorization: `Bearer ${token}`, ...init.headers };
  const response = await fetch(url + path, { method, redirect: "manual", ...init, headers });
  await response.arrayBuffer();
  if (response.status >= 400) await wait(RETRY_MS);
}

const put = (attacker, path) =>
  request(attacker, "PUT", `/storage/${attacker.user}${path}`, {
    body: "x",
    headers: { "Content-Type": "text/plain" },
  });

const form = ({ url }, path, fields, headers = {}) =>
  request({ url }, "POST", path, {
    body: new URLSearchParams(fields),
    headers: { Origin: url, ...headers },
  });

/** A path at the limits of depth and length, in this character. */
const longPath = (levels, character) => {
  const name = encodeURIComponent(character.repeat(4096 / levels - 1));
  return `/${Array(levels - 1)
    .fill(name)
    .join("/")}/${++count}`;
};

/** Calls a method on an open connection of its own socket, again and again; opens it again when closed. */
function onSocket(attacker, collection, action) {
  const sockets = new Map();
  return async (index) => {
    if (!sockets.get(index)?.isOpen) {
      const socket = await RxdbSocket.open(attacker);
      await socket.create(collection);
      sockets.set(index, socket);
    }
    const answer = await action(sockets.get(index), index);
    if (answer?.error) await wait(RETRY_MS);
  };
}

async function fillCollection(attacker, collection, documents, text) {
  const socket = await RxdbSocket.open(attacker);
  await socket.create(collection);
  for (let start = 0; start < documents; start += 500) {
    const rows = Array.from({ length: 500 }, (_, i) => rowOf(`${start + i}`, text));
    await socket.call("bulkWrite", [rows, "bench"]);
  }
  socket.close();
}

/** PUTs that an app may have under way on each connection while it syncs for the first time. */
const SYNC_PUTS = 16;

const putMany = (attacker, nextPath) =>
  Promise.all(Array.from({ length: SYNC_PUTS }, () => put(attacker, nextPath())));

/** What somebody does who means no harm: each attack is compared with one of them. */
const BUSY = "an ordinary user who is as busy";
const SYNC = "the first sync of an ordinary user";

/** @type {Attack[]} */
export const ATTACKS = [
  {
    name: BUSY,
    prepare: async (attacker) => () => put(attacker, `/notes/${++count}`),
  },
  {
    name: SYNC,
    harmless: SYNC,
    prepare: async (attacker) => () => putMany(attacker, () => `/notes/${++count}`),
  },
  {
    name: "deep PUTs",
    prepare: async (attacker) => () => put(attacker, longPath(64, "a")),
  },
  {
    name: "groups of PUTs with long names",
    harmless: SYNC,
    prepare: async (attacker) => () => putMany(attacker, () => longPath(8, "\u0001")),
  },
  {
    name: "junk RxDB messages",
    prepare: async (attacker) =>
      onSocket(attacker, "junk", (socket) => socket.sendText(`[${"[1],".repeat(2 * MIB)}0]`)),
  },
  {
    name: "RxDB writes for a hundred listeners",
    async prepare(attacker) {
      const listener = await RxdbSocket.open(attacker);
      for (let i = 0; i < 100; i++) await listener.create("listened", ONE_INDEX, `l${i}`);
      return onSocket(attacker, "listened", (socket) =>
        socket.call("bulkWrite", [[rowOf(`d${++count}`, "x".repeat(MIB))], "bench"]),
      );
    },
  },
  {
    name: "RxDB queries with regular expressions",
    async prepare(attacker) {
      await fillCollection(attacker, "regex", 5000, `${"a".repeat(1000)}b`);
      const query = queryOf({ $or: Array(20).fill({ text: { $regex: "^(a+)+$" } }) });
      return onSocket(attacker, "regex", (socket) => socket.call("query", [query]));
    },
  },
  {
    name: "RxDB requests for one document many times",
    async prepare(attacker) {
      await fillCollection(attacker, "repeated", 500, "a".repeat(10_000));
      const ids = Array(50_000).fill("1");
      return onSocket(attacker, "repeated", (socket) =>
        socket.call("findDocumentsById", [ids, false]),
      );
    },
  },
  {
    name: "RxDB indexes, created again and again",
    async prepare(attacker) {
      await fillCollection(attacker, "indexed", 1000, "a");
      return onSocket(attacker, "indexed", async (socket) => {
        const schema = { ...ALL_INDEXES, indexes: ALL_INDEXES.indexes.slice(count++ % 30, 60) };
        const answer = await socket.create("indexed", schema, "again");
        await socket.call("close", [], "again");
        return answer;
      });
    },
  },
  {
    name: "RxDB connections, as many as possible",
    prepare: async (attacker) =>
      onSocket(attacker, "connected", (socket) =>
        socket.create("connected", ONE_INDEX, `connection${++count}`),
      ),
  },
  {
    name: "sign-ups under the neighbour's name",
    prepare: async (attacker) => () =>
      form(attacker, "/sign-up", { name: attacker.neighbour, password: "correct horse battery" }),
  },
  {
    name: "wrong passwords of the neighbour",
    prepare: async (attacker) => () =>
      form(attacker, "/sign-in", { name: attacker.neighbour, password: `wrong ${++count}` }),
  },
  {
    name: "listings of a large folder",
    async prepare(attacker) {
      await put(attacker, "/large/document-0");
      await attacker.fillFolder(attacker.user, "/large/", 20_000);
      return () => request(attacker, "GET", `/storage/${attacker.user}/large/`);
    },
  },
  {
    name: "exports of documents whose names look alike",
    async prepare(attacker) {
      for (let i = 0; i < 200; i++) {
        await put(attacker, `/exported/${encodeURIComponent("\\%5C".repeat(i % 40))}${i}`);
      }
      return () =>
        request(attacker, "GET", "/data/export", { headers: { Cookie: attacker.cookie } });
    },
  },
];
