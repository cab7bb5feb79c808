/** From counts to dollars. Pure. */

import type { Counts } from "./meter";

/** prices.json, the only place where a price stands. */
export type Prices = typeof import("./prices.json");

/** Dollars for a million times these calls and rows, without a request of the Worker. */
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

/** Dollars for a million requests that ask for this. CPU and the time of objects come on top. */
export const priceOfRequest = (counts: Partial<Counts>, prices: Prices): number =>
  prices.perMillion.request + priceOfCalls(counts, prices);

/**
 * Dollars for a million times these calls and rows, where so many messages came on sockets that are
 * open. What is sent to a client is free.
 */
export const priceOfMessages = (
  counts: Partial<Counts>,
  messages: number,
  prices: Prices,
): number =>
  (messages / prices.messagesPerObject) * prices.perMillion.objects + priceOfCalls(counts, prices);

/** Milliseconds of CPU that a million requests may take each until this price is reached. */
export const cpuWithinBudget = (floor: number, price: number, { perMillion }: Prices): number =>
  (floor - price) / perMillion.cpuMs;

/** What a monthly bill is made of. */
export interface Measured {
  /** By their names; `cpuMs` where it was measured. */
  operations: Map<string, { counts: Counts; cpuMs?: number }>;
  /** The sweep of an account with so many documents. */
  sweep: { documents: number; counts: Counts };
  indexBytesPerDocument: number;
}

/** Dollars a month. */
export interface MonthlyCost {
  requests: number;
  cpu: number;
  /** Sweeps, and what it takes to plan them. */
  upkeep: number;
  storage: number;
  total: number;
}

/**
 * What one of the example accounts costs in a month, beyond what the plan includes. An operation
 * whose CPU was not measured counts without. Throws if an account asks for one that is not known.
 */
export function monthlyCost(
  account: Prices["accounts"][number],
  { operations, sweep, indexBytesPerDocument }: Measured,
  prices: Prices,
): MonthlyCost {
  const { users, documents, bytesPerDocument, perDay } = account;
  const { perMillion, perGbMonth, daysPerMonth, planningPerDay } = prices;
  const month = (users * daysPerMonth) / 1e6;
  const bill = { requests: 0, cpu: 0, upkeep: 0, storage: 0 };
  for (const [name, times] of Object.entries(perDay)) {
    const measured = operations.get(name);
    if (!measured) throw new Error(`${account.name}: there is no operation "${name}".`);
    bill.requests += times * month * priceOfRequest(measured.counts, prices);
    bill.cpu += times * month * (measured.cpuMs ?? 0) * perMillion.cpuMs;
  }
  const swept = scaleSweep(documents, sweep);
  bill.upkeep = month * (priceOfCalls(planningPerDay, prices) + priceOfCalls(swept, prices));
  const gigabytes = (users * documents) / 1e9;
  bill.storage =
    gigabytes * (bytesPerDocument * perGbMonth.bodies + indexBytesPerDocument * perGbMonth.index);
  return { ...bill, total: bill.requests + bill.cpu + bill.upkeep + bill.storage };
}

/** What the sweep of an account of this size takes, in proportion to one that was measured. */
function scaleSweep(documents: number, { documents: measured, counts }: Measured["sweep"]) {
  const times = documents / measured;
  return {
    classA: Math.ceil(counts.classA * times),
    rowsRead: Math.ceil(counts.rowsRead * times),
    rowsWritten: Math.ceil(counts.rowsWritten * times),
    objects: Math.ceil(counts.objects * times),
  };
}
