/**
 * What the provider is asked, in numbers: counted in memory by each isolate, and added up in D1 at
 * most once a minute. What an isolate has counted is lost when it ends before the minute is over, and
 * an answer of D1 that is lost may count a minute twice or not at all: the numbers say how the
 * provider is doing, nothing hangs on a single one.
 */

import { dayNumber } from "../core/time";
import { logWarning, type RequestLogEntry } from "../platform/log";
import { withCallTimeout } from "../platform/retry";
import {
  addTraffic,
  loadTraffic,
  loadTrafficTotals,
  rollUpTraffic,
  type TrafficRow,
} from "./db/traffic";

export { loadTraffic, loadTrafficTotals };

const FLUSH_INTERVAL_MS = 60_000;

/** Routes are patterns, so there are few; this holds even if something went wrong with that. */
const MAX_COUNTERS = 1000;

/** Days that can be told apart; what is older is one sum. */
const RETENTION_DAYS = 31;

const counters = new Map<string, TrafficRow>();

let countingSince: number | null = null;

/** Counts a request that was answered. No call to the platform. */
export function countRequest(
  { route, status, milliseconds, bytes }: Omit<RequestLogEntry, "id" | "method" | "calls">,
  now: number,
): void {
  countingSince ??= now;
  const row = { day: dayNumber(now), route, status: Math.floor(status / 100) };
  const key = `${row.day} ${row.status} ${route}`;
  let counter = counters.get(key);
  if (counter === undefined) {
    if (counters.size >= MAX_COUNTERS) return;
    counter = { ...row, requests: 0, bytes: 0, milliseconds: 0 };
    counters.set(key, counter);
  }
  counter.requests++;
  counter.bytes += bytes;
  counter.milliseconds += milliseconds;
}

/** Writes what was counted if that is due; null if it is not. Never rejects. */
export function flushTrafficIfDue(db: D1Database, now: number): Promise<void> | null {
  // An absolute value: the clock may be set back.
  const isDue = countingSince !== null && Math.abs(now - countingSince) >= FLUSH_INTERVAL_MS;
  return isDue ? flushTraffic(db) : null;
}

/** Writes what was counted since the last time. One statement, asked once; never rejects. */
export async function flushTraffic(db: D1Database): Promise<void> {
  const rows = [...counters.values()];
  counters.clear();
  countingSince = null;
  if (rows.length === 0) return;
  try {
    await withCallTimeout(addTraffic(db, rows));
  } catch (error) {
    logWarning("What was counted for a minute may be lost.", error);
  }
}

/** Adds up what is older than can be asked for; for the daily round. May be repeated. */
export const rollUpOldTraffic = (db: D1Database, now: number): D1PreparedStatement[] =>
  rollUpTraffic(db, dayNumber(now) - RETENTION_DAYS);
