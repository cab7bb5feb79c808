/**
 * Request counts: each isolate counts in memory and adds to D1 at most once a minute. The counts are
 * approximate: those of an isolate that ends within the minute are lost, and a lost answer of D1 may
 * lose a minute.
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

/** A bound on memory; routes are patterns, so there are far fewer. */
const MAX_COUNTERS = 1000;

/** Days with counts of their own; older ones are rolled up into one. */
const RETENTION_DAYS = 31;

const counters = new Map<string, TrafficRow>();

let countingSince: number | null = null;

/** Counts a request that was answered, in memory. */
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

/** Writes the counts to D1 if that is due; returns null otherwise. Never rejects. */
export function flushTrafficIfDue(db: D1Database, now: number): Promise<void> | null {
  // The absolute value, because the clock may be set back.
  const isDue = countingSince !== null && Math.abs(now - countingSince) >= FLUSH_INTERVAL_MS;
  return isDue ? flushTraffic(db) : null;
}

/** Writes the counts to D1: one statement, not retried because it is not idempotent. Never rejects. */
export async function flushTraffic(db: D1Database): Promise<void> {
  const rows = [...counters.values()];
  counters.clear();
  countingSince = null;
  if (rows.length === 0) return;
  try {
    await withCallTimeout(addTraffic(db, rows));
  } catch (error) {
    logWarning("The request counts of a minute may be lost.", error);
  }
}

/** Statements that roll up the days before RETENTION_DAYS, for the daily job. Idempotent. */
export const rollUpOldTraffic = (db: D1Database, now: number): D1PreparedStatement[] =>
  rollUpTraffic(db, dayNumber(now) - RETENTION_DAYS);
