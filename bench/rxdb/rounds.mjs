/** Runs a case against both servers alternately, so that disturbances affect them equally. */

import { CommandError } from "../../scripts/lib/command.mjs";
import { measureProcess } from "../process-usage.mjs";
import { alternate } from "../rounds.mjs";
import { median, quantile, spread } from "../statistics.mjs";
import { clock } from "./client.mjs";

/**
 * The result of a case at one server. Times in milliseconds.
 * @typedef {{p50: number, p95: number, cpu?: number}} Result `cpu`: CPU time of the server per operation
 */

/**
 * @typedef {object} Comparison
 * @property {string} case
 * @property {Result} satchel
 * @property {Result} rxdb
 * @property {import("../statistics.mjs").Spread} ratio of the medians, round by round
 * @property {number} ratioOfP95 over all rounds
 * @property {number} [target]
 * @property {boolean} [isMet]
 */

/**
 * Runs a case: A B, B A, A B, ...
 * @param {import("./cases.mjs").Case} work
 * @param {{label: "satchel" | "rxdb", server: object, database: object, secondClient: object,
 *   size: number}[]} contestants
 * @param {import("./cases.mjs").Extent} extent
 * @returns {Promise<Comparison>}
 */
export async function compareRounds(work, contestants, { rounds, count }) {
  const runs = contestants.map((contestant) => new Run(work, contestant));
  for (const run of runs) await work.prepare?.(run.place);
  // A warm-up round, which is not counted.
  for (const run of runs) await run.round(count);
  await alternate(runs, rounds, async (run) => void run.rounds.push(await run.round(count)));
  for (const run of runs) await work.finish?.(run.place);
  const [satchel, rxdb] = runs.map(({ rounds }) => summarize(rounds));
  const medians = runs.map(({ rounds }) => rounds.map(({ samples }) => median(samples)));
  const ratio = spread(medians[0].map((value, round) => value / medians[1][round]));
  const { name, target } = work;
  return {
    case: name,
    satchel,
    rxdb,
    ratio,
    ratioOfP95: satchel.p95 / rxdb.p95,
    ...(target === undefined ? {} : { target, isMet: ratio.median <= target }),
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

  constructor(work, { label, server, database, secondClient, size }) {
    const collection = database[work.collection];
    this.place = { collection, storage: collection.internalStorageInstance, secondClient, size };
    this.#work = work;
    this.#server = server;
    this.#label = label;
  }

  async round(count) {
    const operations = Array.from({ length: count }, () =>
      this.#work.make(this.place, this.#number++),
    );
    const samples = [];
    const measurement = measureProcess(this.#server.pid);
    for (const { run, isRight, endOf } of operations) {
      const start = clock();
      const result = await run();
      const end = endOf?.(result) ?? clock();
      if (!isRight(result))
        throw new CommandError(`${this.#work.name}: ${this.#label} gave a wrong result.`);
      samples.push(end - start);
    }
    return { samples, cpuMs: measurement.end().cpuMs };
  }
}

/** @returns {Result} */
function summarize(rounds) {
  const samples = rounds.flatMap(({ samples }) => samples);
  const cpuMs = rounds.reduce((sum, round) => sum + round.cpuMs, 0);
  return {
    p50: median(samples),
    p95: quantile(samples, 0.95),
    ...(Number.isNaN(cpuMs) ? {} : { cpu: cpuMs / samples.length }),
  };
}
