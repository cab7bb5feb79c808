/** Converts counts to dollars. Pure. */

import type { Counts } from "./meter";

/** prices.json, the only place that contains prices. */
export type Prices = typeof import("./prices.json");

/** Dollars per million times these calls and rows, without the Worker's own requests. */
export function priceOfCalls(counts: Partial<Counts>, { perMillion }: Prices): number {
  const { rowsRead = 0, rowsWritten = 0, classA = 0, classB = 0, objects = 0 } = counts;
  return (
    rowsRead * perMillion.rowsRead +
    rowsWritten * perMillion.rowsWritten +
    classA * perMillion.classA +
    classB * perMillion.classB +
    objects * perMillion.objects
  );
}

/** Dollars per million requests with these counts. Excludes CPU and the duration of objects. */
export const priceOfRequest = (counts: Partial<Counts>, prices: Prices): number =>
  prices.perMillion.request + priceOfCalls(counts, prices);

/**
 * Dollars per million times these calls, rows and incoming WebSocket messages. Outgoing messages are
 * free.
 */
export const priceOfMessages = (
  counts: Partial<Counts>,
  messages: number,
  prices: Prices,
): number =>
  (messages / prices.messagesPerObject) * prices.perMillion.objects + priceOfCalls(counts, prices);

/** Milliseconds of CPU that a request can use until its price reaches the budget. */
export const cpuWithinBudget = (budget: number, price: number, { perMillion }: Prices): number =>
  (budget - price) / perMillion.cpuMs;

/** The measurements from which a monthly cost is calculated. */
export interface Measurements {
  /** By name; `cpuMs` if it was measured. */
  operations: Map<string, { counts: Counts; cpuMs?: number }>;
  /** The sweep of an account of this size. */
  sweep: { documents: number; counts: Counts };
  indexBytesPerDocument: number;
}

/** Dollars per month. */
export interface MonthlyCost {
  requests: number;
  cpu: number;
  /** Sweeps, and scheduling them. */
  sweeps: number;
  storage: number;
  total: number;
}

/**
 * The monthly cost of one of the example accounts, in addition to what the plan includes. Operations
 * without measured CPU count without it. Throws if the account uses an unknown operation.
 */
export function monthlyCost(
  account: Prices["accounts"][number],
  { operations, sweep, indexBytesPerDocument }: Measurements,
  prices: Prices,
): MonthlyCost {
  const { users, documents, bytesPerDocument, perDay } = account;
  const { perMillion, perGbMonth, daysPerMonth, planningPerDay } = prices;
  const millionsPerMonth = (users * daysPerMonth) / 1e6;
  const cost = { requests: 0, cpu: 0, sweeps: 0, storage: 0 };
  for (const [name, timesPerDay] of Object.entries(perDay)) {
    const measured = operations.get(name);
    if (!measured) throw new Error(`${account.name}: unknown operation "${name}".`);
    cost.requests += timesPerDay * millionsPerMonth * priceOfRequest(measured.counts, prices);
    cost.cpu += timesPerDay * millionsPerMonth * (measured.cpuMs ?? 0) * perMillion.cpuMs;
  }
  const swept = scaleSweep(documents, sweep);
  cost.sweeps =
    millionsPerMonth * (priceOfCalls(planningPerDay, prices) + priceOfCalls(swept, prices));
  const gigabytes = (users * documents) / 1e9;
  cost.storage =
    gigabytes * (bytesPerDocument * perGbMonth.bodies + indexBytesPerDocument * perGbMonth.index);
  return { ...cost, total: cost.requests + cost.cpu + cost.sweeps + cost.storage };
}

/** The counts of a sweep of this size, in proportion to the measured one. */
function scaleSweep(documents: number, { documents: measured, counts }: Measurements["sweep"]) {
  const factor = documents / measured;
  return {
    classA: Math.ceil(counts.classA * factor),
    rowsRead: Math.ceil(counts.rowsRead * factor),
    rowsWritten: Math.ceil(counts.rowsWritten * factor),
    objects: Math.ceil(counts.objects * factor),
  };
}
