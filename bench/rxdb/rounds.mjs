/** Does a case at both servers in alternation, so that whatever the machine does hits both. */

import { CommandError } from "../../scripts/lib/command.mjs";
import { watch } from "../process-usage.mjs";
import { alternate } from "../rounds.mjs";
import { median, quantile, spread } from "../statistics.mjs";
import { clock } from "./client.mjs";

/**
 * What a case came to at one server. Times in milliseconds.
 * @typedef {{p50: number, p95: number, cpu?: number}} Result `cpu`: processor time of the server for one
 */

/**
 * @typedef {object} Comparison
 * @property {string} case
 * @property {Result} satchel
 * @property {Result} rxdb
 * @property {import("../statistics.mjs").Spread} ratio of the medians, round by round
 * @property {number} ratioOfP95 over all rounds
 * @property {number} [target]
 * @property {boolean} [isReached]
 */

/**
 * Runs a case: A B, B A, A B, ...
 * @param {import("./cases.mjs").Case} work
 * @param {{label: "satchel" | "rxdb", server: object, database: object, other: object,
 *   size: number}[]} contestants
 * @param {import("./cases.mjs").Extent} extent
 * @returns {Promise<Comparison>}
 */
export async function compareRounds(work, contestants, { rounds, count }) {
  const runs = contestants.map((contestant) => new Run(work, contestant));
  for (const run of runs) await work.prepare?.(run.place);
  // What comes first pays for what is done once.
  for (const run of runs) await run.round(count);
  await alternate(runs, rounds, async (run) => void run.rounds.push(await run.round(count)));
  for (const run of runs) await work.finish?.(run.place);
  const [satchel, rxdb] = runs.map(({ rounds }) => judge(rounds));
  const own = runs.map(({ rounds }) => rounds.map(({ samples }) => median(samples)));
  const ratio = spread(own[0].map((value, round) => value / own[1][round]));
  const { name, target } = work;
  return {
    case: name,
    satchel,
    rxdb,
    ratio,
    ratioOfP95: satchel.p95 / rxdb.p95,
    ...(target === undefined ? {} : { target, isReached: ratio.median <= target }),
  };
}

/** A case at one server. */
class Run {
  /** @type {{samples: number[], cpuMs?: number}[]} */
  rounds = [];
  #work;
  #server;
  #label;
  #number = 0;

  constructor(work, { label, server, database, other, size }) {
    const collection = database[work.collection];
    this.place = { collection, storage: collection.internalStorageInstance, other, size };
    this.#work = work;
    this.#server = server;
    this.#label = label;
  }

  async round(count) {
    const works = Array.from({ length: count }, () => this.#work.make(this.place, this.#number++));
    const samples = [];
    const watched = watch(this.#server.pid);
    for (const { act, isRight, endOf } of works) {
      const start = clock();
      const answer = await act();
      const end = endOf?.(answer) ?? clock();
      if (!isRight(answer))
        throw new CommandError(`${this.#work.name}: a wrong answer of ${this.#label}.`);
      samples.push(end - start);
    }
    return { samples, cpuMs: watched.end().cpuMs };
  }
}

/** @returns {Result} */
function judge(rounds) {
  const samples = rounds.flatMap(({ samples }) => samples);
  const cpuMs = rounds.reduce((sum, round) => sum + round.cpuMs, 0);
  return {
    p50: median(samples),
    p95: quantile(samples, 0.95),
    ...(Number.isNaN(cpuMs) ? {} : { cpu: cpuMs / samples.length }),
  };
}
