/** `npm run bench -- cpu`: the CPU time of requests beside what the Free plan allows. */

import { stopCompiler } from "../../scripts/lib/compiler.mjs";
import { connectProfiler, measureOperation } from "../cost/cpu.mjs";
import { startProvider } from "../cost/provider.mjs";
import { requestOperations } from "./operations.mjs";

/** What Cloudflare's Free plan allows a request to the Worker; a Durable Object may take 30 s. */
const FREE_PLAN_MS = 10;

const RUNS_PER_ROUND = 15;
const WARM_UP_RUNS = 60;
const SLOW_WARM_UP_RUNS = 8;

/**
 * Measures the requests in the isolate of the Worker, and prints a table for
 * docs/performance-and-cost.md. Returns whether all fit the Free plan.
 */
export async function measureRequests() {
  const provider = await startProvider({ inspected: true });
  const rows = [];
  try {
    const profiler = await connectProfiler(provider.miniflare);
    for (const operation of await requestOperations(provider)) {
      const { name, object, runs = RUNS_PER_ROUND } = operation;
      const measured = await measureOperation(operation, profiler, runs, {
        warmUpRuns: runs < RUNS_PER_ROUND ? SLOW_WARM_UP_RUNS : WARM_UP_RUNS,
        excluded: object ? [object] : [],
      });
      if (measured === null) throw new Error(`${name}: unexpected status.`);
      rows.push({ name, ...measured });
    }
    profiler.close();
  } finally {
    await provider.dispose();
    await stopCompiler();
  }
  process.stdout.write(describe(rows));
  return rows.every(({ median }) => median <= FREE_PLAN_MS);
}

const describe = (rows) =>
  [
    "| request | CPU, ms | the first of its kind | of the Free plan's 10 ms |",
    "|---|---|---|---|",
    ...rows.map(({ name, median, first }) => {
      const share = `${Math.round((100 * median) / FREE_PLAN_MS)} %`;
      return `| ${name} | ${median.toFixed(1)} | ${first.toFixed(1)} | ${share} |`;
    }),
    "",
  ].join("\n");
