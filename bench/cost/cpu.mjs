/** Measures CPU time of the Worker's isolate, with V8's sampling profiler through the inspector. */

import { WORKER_NAME } from "../../scripts/lib/worker-config.mjs";
import { operations, seedStorage } from "./operations.ts";
import { HOST, startProvider } from "./provider.mjs";
import { createUser } from "./test-user.ts";

/** Enough for V8 to compile the hot code. */
const WARM_UP_RUNS = 60;

/** The median of the rounds is the result: another process may have disturbed one of them. */
const ROUNDS = 5;
const SAMPLE_INTERVAL_US = 200;

/** V8's names for times in which this isolate does not run: waiting, and other isolates of the process. */
const FOREIGN_FUNCTIONS = new Set(["(idle)", "(program)", "(root)"]);

/**
 * Measures milliseconds of CPU per operation in the isolate of the deployed Worker after a warm-up: its
 * JavaScript, what that calls (hashing, parsing) and garbage collection. Excludes work of the runtime
 * itself, such as streaming a body from R2 to the client. Measures only operations with a budget; the
 * others take about as long as similar ones.
 * @param {number} runsPerRound of each operation
 * @returns {Promise<Record<string, number>>} by operation name
 */
export async function measureCpu(runsPerRound) {
  const provider = await startProvider({ inspected: true });
  try {
    const user = await createUser(provider.send, "measured", HOST);
    await seedStorage(user);
    const profiler = await connectProfiler(provider.miniflare);
    const milliseconds = {};
    for (const operation of operations(user).filter(({ budget }) => budget)) {
      const cpu = await measureOperation(operation, profiler, runsPerRound);
      if (cpu !== null) milliseconds[operation.name] = cpu.median;
    }
    profiler.close();
    return milliseconds;
  } finally {
    await provider.dispose();
  }
}

/**
 * Milliseconds of CPU per run, of the very first one and the median of the rounds; null if a response
 * has the wrong status. Functions with a name in `excluded` do not count, with all that they call.
 * @param {import("./operations.ts").Operation} operation
 */
export async function measureOperation(
  operation,
  profiler,
  runsPerRound,
  { warmUpRuns = WARM_UP_RUNS, excluded = [] } = {},
) {
  const total = warmUpRuns + ROUNDS * runsPerRound;
  for (let index = 0; index < total; index++) await operation.prepare?.(index);
  const run = async (from, to) => {
    for (let index = from; index < to; index++) {
      const response = await operation.run(index);
      await response.arrayBuffer();
      if (response.status !== operation.status) return false;
    }
    return true;
  };
  const profiled = async (from, to) => {
    await profiler.call("Profiler.start");
    const isRight = await run(from, to);
    const { profile } = await profiler.call("Profiler.stop");
    return isRight ? cpuMicroseconds(profile, excluded) / 1000 / (to - from) : null;
  };
  const first = await profiled(0, 1);
  if (first === null || !(await run(1, warmUpRuns))) return null;
  const rounds = [];
  for (let from = warmUpRuns; from < total; from += runsPerRound) {
    rounds.push(await profiled(from, from + runsPerRound));
  }
  return { first, median: rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] };
}

/**
 * CPU time of the isolate. The profiler takes a sample at each interval at which the isolate runs, so
 * each sample stands for one interval. The time between two samples may include waiting for D1 or
 * R2; the lower quartile of these times is the interval itself.
 * @param {import("node:inspector").Profiler.Profile} profile
 */
function cpuMicroseconds({ nodes, samples, timeDeltas }, excluded) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const foreign = new Set();
  const exclude = ({ id, children = [] }) => {
    foreign.add(id);
    for (const child of children) exclude(byId.get(child));
  };
  for (const node of nodes) {
    const { functionName } = node.callFrame;
    if (FOREIGN_FUNCTIONS.has(functionName)) foreign.add(node.id);
    if (excluded.includes(functionName)) exclude(node);
  }
  const ownSamples = samples.filter((id) => !foreign.has(id));
  const interval = timeDeltas.toSorted((a, b) => a - b)[Math.floor(timeDeltas.length / 4)];
  return ownSamples.length * interval;
}

/** Connects to the profiler of the Worker that an inspected provider runs. */
export async function connectProfiler(miniflare) {
  const url = await miniflare.getInspectorURL();
  // The name that the runtime gives the Worker.
  const socket = new WebSocket(new URL(`/core:user:${WORKER_NAME}`, url));
  const pending = new Map();
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    const request = pending.get(id);
    pending.delete(id);
    if (error) request?.reject(new Error(error.message));
    else request?.resolve(result);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  let lastId = 0;
  const call = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject });
      socket.send(JSON.stringify({ id, method, params }));
    });
  await call("Profiler.enable");
  await call("Profiler.setSamplingInterval", { interval: SAMPLE_INTERVAL_US });
  return { call, close: () => socket.close() };
}
