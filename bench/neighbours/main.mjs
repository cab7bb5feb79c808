/**
 * `npm run bench -- neighbours`: how long an ordinary account's requests take while another account does its
 * worst, compared with a quiet server.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAtSatchel } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { quantile } from "../statistics.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { ATTACKS, PARALLEL } from "./attacks.mjs";
import { describeNeighbours } from "./report.mjs";
import { queryOf, RxdbSocket, rowOf } from "./rxdb-socket.mjs";

/** How often the ordinary account does each of its operations in a phase. */
const RUNS = 100;
const QUICK_RUNS = 15;

/** The p99 under attack may be so many times as long as on a quiet server. */
export const MAX_RATIO = 5;

/** Runs of each phase that are not measured: the attack is under way, and the code is compiled. */
const WARM_UP_RUNS = 5;

/**
 * Runs each attack for a while, prints the ratios, and writes bench/NEIGHBOURS.md if nothing was left out.
 * Returns whether no operation takes more than `MAX_RATIO` times as long.
 * @param {{quick?: boolean, only?: string}} options
 */
export async function runNeighbours({ quick = false, only = "" } = {}) {
  const runs = quick ? QUICK_RUNS : RUNS;
  const attacks = ATTACKS.filter(({ name }) => name.includes(only));
  const rows = [];
  const folder = makeTemporaryFolder("satchel-neighbours-");
  for (const [index, attack] of attacks.entries()) {
    const data = join(folder, String(index));
    mkdirSync(data);
    const row = await measureAttack(data, attack, runs);
    rows.push(row);
    const ratios = Object.entries(row.ratios).map(([name, ratio]) => `${name} ${ratio.toFixed(1)}`);
    process.stderr.write(`${row.name}: ${ratios.join(", ")}\n`);
  }
  const text = describeNeighbours(rows, { maxRatio: MAX_RATIO, parallel: PARALLEL, runs });
  process.stdout.write(text);
  const isWhole = !quick && only === "";
  if (isWhole) writeFileSync(join(import.meta.dirname, "..", "NEIGHBOURS.md"), text);
  return rows.every(({ ratios }) => Object.values(ratios).every((ratio) => ratio <= MAX_RATIO));
}

/** Measures a quiet phase, and one under attack, on a server of their own. */
async function measureAttack(folder, { name, prepare }, runs) {
  const server = await startServer("satchel-limited", folder);
  try {
    const ordinary = await createNeighbour(server, "ordinary");
    const hostile = await createAccount(server, "hostile");
    const attack = await prepare({
      ...hostile,
      neighbour: "ordinary",
      fillFolder: server.fillFolder,
    });
    const quiet = await measurePhase(ordinary, runs);
    const end = new AbortController();
    const attackers = Array.from({ length: PARALLEL }, async (_, index) => {
      // A failed request is the attacker's own problem.
      while (!end.signal.aborted) await attack(index).catch(() => {});
    });
    const attacked = await measurePhase(ordinary, runs);
    end.abort();
    await Promise.race([Promise.all(attackers), new Promise((done) => setTimeout(done, 5000))]);
    const ratios = Object.fromEntries(
      Object.keys(quiet).map((operation) => [operation, attacked[operation] / quiet[operation]]),
    );
    return { name, quiet, attacked, ratios };
  } finally {
    await server.stop();
  }
}

async function createAccount({ url }, user) {
  return { url, user, ...(await connectAtSatchel(url, user)) };
}

/** The operations of an ordinary account, by name. */
async function createNeighbour(server, user) {
  const account = await createAccount(server, user);
  const { url, token } = account;
  const send = async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/storage/${user}${path}`, {
      method,
      body,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "text/plain", ...headers },
    });
    await response.arrayBuffer();
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status}`);
  };
  for (let i = 0; i < 50; i++) await send("PUT", `/notes/${i}`, "x");
  const socket = await RxdbSocket.open(account);
  await socket.create("ordinary");
  const call = async (method, params) => {
    const { error } = await socket.call(method, params);
    if (error) throw new Error(`${method}: ${error.code}`);
  };
  let count = 0;
  return {
    GET: () => send("GET", "/notes/1"),
    listing: () => send("GET", "/notes/"),
    PUT: () => send("PUT", `/notes/${++count % 50}`, "y"),
    "RxDB write": () => call("bulkWrite", [[rowOf(`d${++count}`, "text")], "bench"]),
    "RxDB query": () => call("query", [queryOf({}, { limit: 10 })]),
  };
}

/** The p99 of each operation, in milliseconds. */
async function measurePhase(operations, runs) {
  const samples = Object.fromEntries(Object.keys(operations).map((name) => [name, []]));
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    for (const [name, operation] of Object.entries(operations)) {
      const start = performance.now();
      await operation();
      if (run >= 0) samples[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, durations]) => [name, quantile(durations, 0.99)]),
  );
}
