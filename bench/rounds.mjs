/** Runs a case against all servers alternately, so that disturbances affect them equally. */

import { CommandError } from "../scripts/lib/command.mjs";
import { Client } from "./http-client.mjs";
import { measureProcess } from "./process-usage.mjs";
import { median, quantile } from "./statistics.mjs";

/** Concurrent requests that prepare a case. */
const PREPARATION_CONCURRENCY = 10;

/**
 * The result of a case at one server, of one round or of all. Times in milliseconds, memory in MB.
 * @typedef {object} Result
 * @property {number} p50
 * @property {number} p99
 * @property {number} firstByte median time to the first byte of the response body
 * @property {number} perSecond
 * @property {number} seconds
 * @property {number} [peakMemory] peak memory of the server process
 * @property {number} [memory] peak memory above that before all cases
 * @property {number} [cpu] CPU time per request
 */

/**
 * Runs a case: A B C, B C A, C A B, ...
 * @param {import("./cases.mjs").Case} work
 * @param {{label: string, server: object, storages: object[], size?: number,
 *   parallel?: number}[]} contestants
 * @param {{rounds: number, count: number}} extent
 * @returns {Promise<{results: Record<string, {overall: Result, rounds: Result[]}>, notes: string[]}>}
 *   results by label; a peer that gives a wrong response has a note instead. Throws a
 *   CommandError if Satchel or the baseline does.
 */
export async function runRounds(work, contestants, { rounds, count }) {
  const runs = contestants.map((contestant) => new Run(work, contestant));
  for (const run of runs) await run.attempt(() => run.prepare());
  for (const run of work.isCold ? [] : runs) {
    await run.attempt(() => run.round({ round: "warm-up", count }));
  }
  await alternate(runs, rounds, (run, round) =>
    run.attempt(async () => {
      run.rounds.push(await run.round({ round: `round-${round}`, count }));
    }),
  );
  for (const run of runs) run.close();
  return {
    results: Object.fromEntries(
      runs
        .filter(({ failure }) => failure === null)
        .map(({ label, rounds }) => [
          label,
          { overall: merge(rounds), rounds: rounds.map(summarize) },
        ]),
    ),
    notes: runs
      .filter(({ failure }) => failure !== null)
      .map(({ label, failure }) => `${work.name}: no figures for ${label}. ${failure}`),
  };
}

/**
 * Calls `act` for each run once per round, one after the other, starting with another one each round.
 * @template Run
 * @param {Run[]} runs
 * @param {number} rounds
 * @param {(run: Run, round: number) => Promise<void>} act
 */
export async function alternate(runs, rounds, act) {
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      await act(runs[(round + turn) % runs.length], round);
    }
  }
}

/** A case at one server. */
class Run {
  /** @type {Round[]} */
  rounds = [];
  /** Why there are no figures; null if there are. */
  failure = null;
  #work;
  #context;
  #client;
  #preparer;
  #server;
  #parallel;

  constructor(work, { label, server, storages, size, parallel = work.parallel ?? 1 }) {
    this.label = label;
    this.#work = work;
    this.#server = server;
    this.#parallel = parallel;
    this.#client = new Client(server.url, parallel);
    this.#preparer = new Client(server.url, PREPARATION_CONCURRENCY);
    this.#context = {
      storages,
      storage: storages[0],
      folder: `/bench/${work.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${label}/`,
      size,
      sendOne: (request) => this.#preparer.fetch(request),
      send: (requests) => this.#preparer.run(requests, PREPARATION_CONCURRENCY),
      fillFolder: (folder, count) => server.fillFolder(storages[0].user, folder, count),
    };
  }

  /** Runs an action, unless an earlier one has failed. */
  async attempt(action) {
    if (this.failure) return;
    try {
      await action();
    } catch (error) {
      if (this.label !== "armadietto" || !(error instanceof CommandError)) throw error;
      this.failure = error.message;
    }
  }

  async prepare() {
    await this.#work.prepare(this.#context);
  }

  /** @returns {Promise<Round>} */
  async round(options) {
    const { before, steps } = this.#work;
    if (before) await this.#context.send(before(this.#context, options));
    const lists = steps(this.#context, options);
    const measurement = measureProcess(this.#server.pid);
    const start = performance.now();
    const samples = await this.#runLists(lists);
    const seconds = (performance.now() - start) / 1000;
    const { peakMemory, cpuMs } = measurement.end();
    if (peakMemory === undefined) return { samples, seconds };
    return { samples, seconds, cpuMs, peakMemory, memory: peakMemory - this.#server.idleMemory };
  }

  async #runLists(lists) {
    if (this.#work.areListsParallel) {
      return (await Promise.all(lists.map((list) => this.#client.run(list, 1)))).flat();
    }
    const samples = [];
    for (const list of lists) {
      samples.push(...(await this.#client.run(list, this.#parallel)));
    }
    return samples;
  }

  close() {
    this.#client.close();
    this.#preparer.close();
  }
}

/**
 * The measurements of one round.
 * @typedef {{samples: import("./http-client.mjs").Sample[], seconds: number, cpuMs?: number,
 *   memory?: number, peakMemory?: number}} Round
 */

/** @returns {Result} */
function summarize({ samples, seconds, cpuMs, ...memory }) {
  const times = samples.map(({ total }) => total);
  return {
    p50: median(times),
    p99: quantile(times, 0.99),
    firstByte: median(samples.map(({ firstByte }) => firstByte)),
    perSecond: samples.length / seconds,
    seconds,
    ...memory,
    ...(cpuMs === undefined ? {} : { cpu: cpuMs / samples.length }),
  };
}

/** Summarizes all rounds as one; memory is that of the worst round. */
function merge(rounds) {
  const sum = (field) => rounds.reduce((total, round) => total + round[field], 0);
  const worst = (field) => Math.max(...rounds.map((round) => round[field]));
  const result = summarize({
    samples: rounds.flatMap(({ samples }) => samples),
    seconds: sum("seconds"),
    ...(rounds[0].cpuMs === undefined
      ? {}
      : { cpuMs: sum("cpuMs"), memory: worst("memory"), peakMemory: worst("peakMemory") }),
  });
  return { ...result, seconds: result.seconds / rounds.length };
}
