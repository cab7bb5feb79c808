/** `npm run bench -- --cost`: counts what each operation costs, and how the costs grow. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopCompiler } from "../../scripts/lib/compiler.mjs";
import { measureCpu } from "./cpu.mjs";
import { countsOf, measureGrowth, measureSweep } from "./growth.mjs";
import { operations, seedStorage } from "./operations.ts";
import { cpuWithinBudget, monthlyCost, priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST, startProvider } from "./provider.mjs";
import { describeCosts } from "./report.mjs";
import { createUser } from "./test-user.ts";

const BENCH = join(import.meta.dirname, "..");

/** How often each operation runs in a round under the profiler. */
const CPU_RUNS = 15;
const FULL_CPU_RUNS = 50;

/**
 * Measures, prints the tables, and writes bench/COST.md and bench/results/cost.json. Returns whether
 * the counted cost of every operation is within its budget.
 * @param {{full?: boolean}} options full: up to a million documents, and folders of a hundred thousand
 */
export async function measureCosts({ full = false } = {}) {
  const counted = await countOperations({ full });
  const cpu = await measureCpu(full ? FULL_CPU_RUNS : CPU_RUNS);
  await stopCompiler();
  const rows = counted.rows.map((row) => withCpu(row, cpu[row.name]));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const { sweep, growth } = counted;
  const results = {
    full,
    operations: rows,
    growth,
    sweep,
    accounts: prices.accounts.map((account) => ({
      name: account.name,
      ...monthlyCost(account, { operations: byName, sweep, ...growth }, prices),
    })),
  };
  const text = describeCosts(results, prices);
  process.stdout.write(text);
  mkdirSync(join(BENCH, "results"), { recursive: true });
  writeFileSync(join(BENCH, "results", "cost.json"), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(BENCH, "COST.md"), text);
  return rows.every(({ isWithinBudget }) => isWithinBudget !== false);
}

/** Counts each operation once, and then the growth at all sizes. */
async function countOperations({ full }) {
  const provider = await startProvider({ metered: true });
  try {
    const user = await createUser(provider.send, "measured", HOST);
    await seedStorage(user);
    const rows = [];
    for (const operation of operations(user)) {
      await operation.prepare?.(0);
      const counts = await countsOf(operation.run(0), operation.status);
      rows.push(toRow(operation, counts));
    }
    return {
      rows,
      sweep: await measureSweep(provider),
      growth: await measureGrowth(provider, { full }),
    };
  } finally {
    await provider.dispose();
  }
}

function toRow({ name, budget: budgetName }, counts) {
  const price = priceOfRequest(counts, prices);
  if (budgetName === undefined) return { name, counts, price };
  const budget = prices.budget[budgetName];
  const cpuLeftMs = cpuWithinBudget(budget, price, prices);
  return { name, counts, price, budget, cpuLeftMs, isWithinBudget: price <= budget };
}

/** Adds the measured CPU time and its price, if there is one. */
function withCpu(row, cpuMs) {
  if (cpuMs === undefined) return row;
  return { ...row, cpuMs, priceWithCpu: row.price + cpuMs * prices.perMillion.cpuMs };
}
