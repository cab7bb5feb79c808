/** CPU of the Worker's isolate, by V8's own sampling profiler through the runtime's inspector. */

import { WORKER_NAME } from "../../scripts/lib/worker-config.mjs";
import { operations, seedStorage } from "./operations.ts";
import { HOST, startProvider } from "./provider.mjs";
import { createUser } from "./test-user.ts";

/** Enough that V8 has compiled what is hot. */
const WARM_UP_TURNS = 60;

/** Their median counts, for the machine may have had other things to do in one of them. */
const ROUNDS = 5;
const SAMPLE_MICROSECONDS = 200;

/** What V8 books when none of our code runs: waiting, and the other isolates of the process. */
const NOT_OURS = new Set(["(idle)", "(program)", "(root)"]);

/**
 * Milliseconds of CPU per operation in the isolate of the deployed Worker: its JavaScript, what
 * that calls (hashing, parsing) and garbage collection, once V8 has warmed up. Not in it: what the
 * runtime does by itself, such as pumping a body from R2 to the client. Of the operations that
 * have a floor; the others cost what their likes do.
 * @param {number} turns of each operation in a round
 * @returns {Promise<Record<string, number>>} by the operation's name
 */
export async function measureCpu(turns) {
  const provider = await startProvider({ inspected: true });
  try {
    const visitor = await createUser(provider.send, "measured", HOST);
    await seedStorage(visitor);
    const profiler = await connectProfiler(provider.miniflare);
    const milliseconds = {};
    for (const operation of operations(visitor).filter(({ budget: floor }) => floor)) {
      const cpu = await measureOperation(operation, profiler, turns);
      if (cpu !== null) milliseconds[operation.name] = cpu;
    }
    profiler.close();
    return milliseconds;
  } finally {
    await provider.dispose();
  }
}

/** Null: it was not answered as it should. */
async function measureOperation(operation, profiler, turns) {
  const last = WARM_UP_TURNS + ROUNDS * turns;
  for (let turn = 0; turn < last; turn++) await operation.arrange?.(turn);
  const run = async (from, to) => {
    for (let turn = from; turn < to; turn++) {
      const response = await operation.act(turn);
      await response.arrayBuffer();
      if (response.status !== operation.status) return false;
    }
    return true;
  };
  if (!(await run(0, WARM_UP_TURNS))) return null;
  const rounds = [];
  for (let from = WARM_UP_TURNS; from < last; from += turns) {
    await profiler.ask("Profiler.start");
    await run(from, from + turns);
    const { profile } = await profiler.ask("Profiler.stop");
    rounds.push(ownMicroseconds(profile) / 1000 / turns);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
}

/**
 * The sampler knocks at even intervals and takes a sample whenever the isolate is at work, so each
 * sample stands for one interval. The differences between samples do not tell the time: they span
 * the waiting for D1 and R2 as well. The lower ones are the interval itself.
 * @param {import("node:inspector").Profiler.Profile} profile
 */
function ownMicroseconds({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const own = samples.filter((id) => !NOT_OURS.has(names.get(id)));
  const interval = timeDeltas.toSorted((a, b) => a - b)[Math.floor(timeDeltas.length / 4)];
  return own.length * interval;
}

async function connectProfiler(miniflare) {
  const url = await miniflare.getInspectorURL();
  // As the runtime itself calls the Worker.
  const socket = new WebSocket(new URL(`/core:user:${WORKER_NAME}`, url));
  const waiting = new Map();
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const settle = waiting.get(id);
    waiting.delete(id);
    if (error) settle?.reject(new Error(error.message));
    else settle?.resolve(result);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let calls = 0;
  const ask = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++calls;
      waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask("Profiler.enable");
  await ask("Profiler.setSamplingInterval", { interval: SAMPLE_MICROSECONDS });
  return { ask, close: () => socket.close() };
}
