/** Does a case at every server in alternation, so that whatever the machine does hits all of them. */

import { CommandError } from "../scripts/lib/command.mjs";
import { Client } from "./http-client.mjs";
import { watch } from "./process-usage.mjs";
import { median, quantile } from "./statistics.mjs";

/** For what is prepared and not measured. */
const PREPARING = 10;

/**
 * What a case came to at one server, in one round or in all. Times in milliseconds, memory in MB.
 * @typedef {object} Result
 * @property {number} p50
 * @property {number} p99
 * @property {number} firstByte median time to the first byte of the answer's body
 * @property {number} perSecond
 * @property {number} seconds
 * @property {number} [peakMemory] the most that the serving process held
 * @property {number} [memory] the same, above what it held before all work
 * @property {number} [cpu] processor time per request
 */

/**
 * Runs a case: A B C, B C A, C A B, ...
 * @param {import("./cases.mjs").Case} work
 * @param {{label: string, server: object, storages: object[], size?: number,
 *   parallel?: number}[]} contestants
 * @param {{rounds: number, count: number}} extent
 * @returns {Promise<{results: Record<string, {whole: Result, rounds: Result[]}>, notes: string[]}>}
 *   results by label; a peer that gives a wrong answer has none, but a note. Throws a Failure if
 *   Satchel or the floor does.
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
        .map(({ label, rounds }) => [label, { whole: merge(rounds), rounds: rounds.map(judge) }]),
    ),
    notes: runs
      .filter(({ failure }) => failure !== null)
      .map(({ label, failure }) => `${work.name}: no figure for ${label}. ${failure}`),
  };
}

/**
 * Has each of the runs act once in a round, one after the other, in another order in each round.
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
  /** Why there are no figures. */
  failure = null;
  #work;
  #place;
  #client;
  #helper;
  #server;
  #parallel;

  constructor(work, { label, server, storages, size, parallel = work.parallel ?? 1 }) {
    this.label = label;
    this.#work = work;
    this.#server = server;
    this.#parallel = parallel;
    this.#client = new Client(server.url, parallel);
    this.#helper = new Client(server.url, PREPARING);
    this.#place = {
      storages,
      storage: storages[0],
      folder: `/bench/${work.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${label}/`,
      size,
      ask: (request) => this.#helper.ask(request),
      send: (requests) => this.#helper.run(requests, PREPARING),
      fillFolder: (folder, count) => server.fillFolder(storages[0].user, folder, count),
    };
  }

  /** Does it unless something has failed before. */
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
    await this.#work.prepare(this.#place);
  }

  /** @returns {Promise<Round>} */
  async round(slot) {
    const { before, steps } = this.#work;
    if (before) await this.#place.send(before(this.#place, slot));
    const lists = steps(this.#place, slot);
    const watched = watch(this.#server.pid);
    const start = performance.now();
    const samples = await this.#runLists(lists);
    const seconds = (performance.now() - start) / 1000;
    const { peakMemory, cpuMs } = watched.end();
    if (peakMemory === undefined) return { samples, seconds };
    return { samples, seconds, cpuMs, peakMemory, memory: peakMemory - this.#server.idleMemory };
  }

  async #runLists(lists) {
    if (this.#work.isSideBySide) {
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
    this.#helper.close();
  }
}

/**
 * As it was measured.
 * @typedef {{samples: import("./http-client.mjs").Sample[], seconds: number, cpuMs?: number,
 *   memory?: number, peakMemory?: number}} Round
 */

/** @returns {Result} */
function judge({ samples, seconds, cpuMs, ...memory }) {
  const times = samples.map(({ whole }) => whole);
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

/** All rounds as if they had been one; only of the memory it is the worst round that counts. */
function merge(rounds) {
  const sum = (field) => rounds.reduce((total, round) => total + round[field], 0);
  const worst = (field) => Math.max(...rounds.map((round) => round[field]));
  const whole = judge({
    samples: rounds.flatMap(({ samples }) => samples),
    seconds: sum("seconds"),
    ...(rounds[0].cpuMs === undefined
      ? {}
      : { cpuMs: sum("cpuMs"), memory: worst("memory"), peakMemory: worst("peakMemory") }),
  });
  return { ...whole, seconds: whole.seconds / rounds.length };
}
