/** The thread that measures the operations of an ordinary account, one at a time. */

import { parentPort, workerData } from "node:worker_threads";
import { quantile } from "../statistics.mjs";
import { queryOf, RxdbSocket, rowOf } from "./rxdb-socket.mjs";

/** Runs of each phase that are not measured: the attack is under way, and the code is compiled. */
const WARM_UP_RUNS = 5;

/** The operations of an ordinary account, by name. */
async function prepareOperations(account) {
  const { url, user, token } = account;
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

const operations = await prepareOperations(workerData);
parentPort.on("message", async (runs) => {
  parentPort.postMessage(await measurePhase(operations, runs));
});
parentPort.postMessage("ready");
