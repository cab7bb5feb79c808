/** `npm run bench -- --bill`: what each operation costs, counted to the row, and how that grows. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stopCompiler } from "../../scripts/lib/bundle-worker.mjs";
import { measureCpu } from "./cpu.mjs";
import { countsOf, measureGrowth, measureSweep } from "./growth.mjs";
import { operations, seedStorage } from "./operations.ts";
import { cpuWithinBudget, monthlyCost, priceOfRequest } from "./price.ts";
import prices from "./prices.json" with { type: "json" };
import { HOST, startProvider } from "./provider.mjs";
import { describeCosts } from "./report.mjs";
import { createUser } from "./test-user.ts";

const BENCH = join(import.meta.dirname, "..");

/** Turns of each operation in a round under the profiler. */
const CPU_TURNS = 15;
const FULL_CPU_TURNS = 50;

/**
 * Measures, prints the tables, and writes bench/COST.md and bench/results/bill.json. True if what
 * is counted of no operation is above its floor.
 * @param {{full?: boolean}} options up to a million documents and folders of a hundred thousand
 */
export async function measureCosts({ full = false } = {}) {
  const counted = await count({ full });
  const cpu = await measureCpu(full ? FULL_CPU_TURNS : CPU_TURNS);
  await stopCompiler();
  const rows = counted.rows.map((row) => withCpu(row, cpu[row.name]));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const { sweep, growth } = counted;
  const bill = {
    full,
    operations: rows,
    growth,
    sweep,
    accounts: prices.accounts.map((account) => ({
      name: account.name,
      ...monthlyCost(account, { operations: byName, sweep, ...growth }, prices),
    })),
  };
  const text = describeCosts(bill, prices);
  process.stdout.write(text);
  mkdirSync(join(BENCH, "results"), { recursive: true });
  writeFileSync(join(BENCH, "results", "bill.json"), `${JSON.stringify(bill, null, 2)}\n`);
  writeFileSync(join(BENCH, "COST.md"), text);
  return rows.every(({ isReached }) => isReached !== false);
}

/** Each operation once, with the numbers of the bindings, and then at all sizes. */
async function count({ full }) {
  const provider = await startProvider({ metered: true });
  try {
    const visitor = await createUser(provider.send, "billed", HOST);
    await seedStorage(visitor);
    const rows = [];
    for (const operation of operations(visitor)) {
      await operation.prepare?.(0);
      const counts = await countsOf(operation.run(0), operation.status);
      rows.push(priced(operation, counts));
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

function priced({ name, floor }, counts) {
  const price = priceOfRequest(counts, prices);
  if (floor === undefined) return { name, counts, price };
  const limit = prices.floor[floor];
  const cpuLeftMs = cpuWithinBudget(limit, price, prices);
  return { name, counts, price, floor: limit, cpuLeftMs, isReached: price <= limit };
}

/** With the CPU in the price, where it was measured. */
function withCpu(row, cpuMs) {
  if (cpuMs === undefined) return row;
  return { ...row, cpuMs, priceWithCpu: row.price + cpuMs * prices.perMillion.cpuMs };
}
