/**
 * `npm run bench -- neighbours`: how long an ordinary account's requests take while another account does its
 * worst, compared with a quiet server.
 */

import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { connectAtSatchel } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { ATTACKS, PARALLEL } from "./attacks.mjs";
import { describeNeighbours } from "./report.mjs";

/** How often the ordinary account does each of its operations in a phase. */
const RUNS = 100;
const QUICK_RUNS = 15;

/** The p99 under attack may be so many times as long as on a quiet server, */
const MAX_RATIO = 5;

/** or so many times as long as beside somebody who is as busy, but means no harm. */
const MAX_RATIO_TO_HARMLESS = 2;

/**
 * Runs each attack for a while, prints the ratios, and writes bench/NEIGHBOURS.md if nothing was left out.
 * Returns whether no operation exceeds both bounds.
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
  for (const row of rows) row.excess = excessOf(row, rows);
  const limits = { maxRatio: MAX_RATIO, maxRatioToHarmless: MAX_RATIO_TO_HARMLESS };
  const text = describeNeighbours(rows, { ...limits, parallel: PARALLEL, runs });
  process.stdout.write(text);
  const isWhole = !quick && only === "";
  if (isWhole) writeFileSync(join(import.meta.dirname, "..", "NEIGHBOURS.md"), text);
  return rows.every(({ excess }) => excess.length === 0);
}

/** The operations that exceed both bounds, by name; none for the harmless rows. */
function excessOf({ ratios, attacked, harmless }, rows) {
  const control = rows.find(({ name }) => name === harmless);
  return Object.keys(ratios).filter(
    (operation) =>
      ratios[operation] > MAX_RATIO &&
      attacked[operation] > MAX_RATIO_TO_HARMLESS * (control?.attacked[operation] ?? 0),
  );
}

/** Measures a quiet phase, and one under attack, on a server of their own. */
async function measureAttack(folder, { name, harmless = ATTACKS[0].name, prepare }, runs) {
  const server = await startServer("satchel-limited", folder);
  const ordinary = await Neighbour.start(await createAccount(server, "ordinary"));
  try {
    const hostile = await createAccount(server, "hostile");
    const attack = await prepare({
      ...hostile,
      neighbour: "ordinary",
      fillFolder: server.fillFolder,
    });
    const quiet = await ordinary.measure(runs);
    const end = new AbortController();
    const attackers = Array.from({ length: PARALLEL }, async (_, index) => {
      // A failed request is the attacker's own problem.
      while (!end.signal.aborted) await attack(index).catch(() => {});
    });
    const attacked = await ordinary.measure(runs);
    end.abort();
    await Promise.race([Promise.all(attackers), new Promise((done) => setTimeout(done, 5000))]);
    const ratios = Object.fromEntries(
      Object.keys(quiet).map((operation) => [operation, attacked[operation] / quiet[operation]]),
    );
    return { name, harmless, quiet, attacked, ratios };
  } finally {
    await ordinary.stop();
    await server.stop();
  }
}

async function createAccount({ url }, user) {
  return { url, user, ...(await connectAtSatchel(url, user)) };
}

/** The ordinary account, in a thread of its own: what the attackers' clients compute is not measured. */
class Neighbour {
  #worker;

  static async start(account) {
    const neighbour = new Neighbour();
    const path = new URL("./ordinary-account.mjs", import.meta.url);
    neighbour.#worker = new Worker(path, { workerData: account });
    neighbour.#worker.unref();
    await once(neighbour.#worker, "message");
    return neighbour;
  }

  /** The p99 of each operation, in milliseconds, over so many runs of each. */
  async measure(runs) {
    this.#worker.postMessage(runs);
    const [durations] = await once(this.#worker, "message");
    return durations;
  }

  async stop() {
    await this.#worker.terminate();
  }
}
