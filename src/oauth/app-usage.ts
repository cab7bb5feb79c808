/**
 * Counts the requests and bytes of each connected app.
 *
 * Counting is cheap: an isolate counts in memory, and per grant at most one write an hour goes to D1,
 * by whichever isolate is first. What an isolate has not written when it ends is lost: the numbers
 * are for an overview, not for billing.
 */

import { dayNumber, HOUR_MS, MINUTE_MS } from "../core/time";
import { BoundedMap } from "../platform/bounded-map";
import { logWarning } from "../platform/log";
import type { AccessClaims } from "./access-tokens";
import { type AppUsageRow, addUsage, deleteUsageBefore, loadUsageRows } from "./db/app-usage";

export type { AppUsageRow };

/** When to write again after a failed write. */
const RETRY_AFTER_MS = 5 * MINUTE_MS;

/** Days that are shown, today included. Of earlier ones only the last is kept on which a grant was used. */
export const USAGE_DAYS = 30;

/** The first of these days, in days since 1970. */
export const firstUsageDay = (now: number): number => dayNumber(now) - USAGE_DAYS + 1;

/** Grants that an isolate counts for; the oldest counter is dropped first. */
const MAX_COUNTERS = 10_000;

interface Counter {
  account: string;
  grant: string;
  /** What is not written yet, by day. */
  days: Map<number, Pick<AppUsageRow, "requests" | "bytes">>;
  /** When the app was last used, milliseconds since 1970. */
  lastAt: number;
  /** When to write next. */
  nextWriteAt: number;
}

/** By account id and grant id. */
const counters = new BoundedMap<string, Counter>(MAX_COUNTERS);

/**
 * Counts a request of an app, and `bytes` of bodies. Once an hour the counts are written, after the
 * response, which does not depend on it.
 */
export function recordUse(
  env: { DB: D1Database },
  ctx: { waitUntil(promise: Promise<unknown>): void },
  claims: Pick<AccessClaims, "account" | "grant">,
  bytes: number,
  now: number,
): void {
  const counter = counterOf(claims, now);
  add(counter, dayNumber(now), { requests: 1, bytes });
  counter.lastAt = now;
  // A clock that was set back must not delay writing for long.
  const isDue = counter.nextWriteAt <= now || counter.nextWriteAt > now + HOUR_MS;
  if (isDue) ctx.waitUntil(writeCounter(env.DB, counter, now));
}

function counterOf({ account, grant }: Pick<AccessClaims, "account" | "grant">, now: number) {
  const key = `${account} ${grant}`;
  const existing = counters.get(key);
  if (existing) return existing;
  const counter: Counter = { account, grant, days: new Map(), lastAt: now, nextWriteAt: 0 };
  counters.set(key, counter);
  return counter;
}

function add(counter: Counter, day: number, use: Pick<AppUsageRow, "requests" | "bytes">): void {
  const { requests, bytes } = counter.days.get(day) ?? { requests: 0, bytes: 0 };
  counter.days.set(day, { requests: requests + use.requests, bytes: bytes + use.bytes });
}

/** Keeps counting what it did not write, because another isolate was first or the write failed. */
async function writeCounter(db: D1Database, counter: Counter, now: number): Promise<void> {
  const counted = counter.days;
  counter.days = new Map();
  counter.nextWriteAt = now + HOUR_MS;
  const days = [...counted].map(([day, use]) => ({ day, ...use }));
  const restore = () => {
    for (const { day, ...use } of days) add(counter, day, use);
  };
  try {
    const time = { today: dayNumber(now), now, minIntervalMs: HOUR_MS };
    const lastAt = await addUsage(db, counter, days, time);
    if (lastAt === null || lastAt === now) return;
    counter.nextWriteAt = Math.min(lastAt, now) + HOUR_MS;
    restore();
  } catch (error) {
    logWarning("App usage could not be written.", error);
    counter.nextWriteAt = now + RETRY_AFTER_MS;
    restore();
  }
}

/**
 * The usage of these grants of an account in the last `USAGE_DAYS` and on the last day before,
 * with this isolate's unwritten counts.
 */
export async function listAppUsage(
  db: D1Database,
  account: string,
  now: number,
  grantIds: string[],
): Promise<AppUsageRow[]> {
  const since = firstUsageDay(now);
  const grants = new Set(grantIds);
  const counted = [...counters.values()]
    .filter((counter) => counter.account === account && grants.has(counter.grant))
    .flatMap(({ grant, days, lastAt }) =>
      [...days].map(([day, use]) => ({ grant, day, lastAt, ...use })),
    );
  const rows = await loadUsageRows(db, account, grantIds);
  return [...rows, ...counted.filter(({ day }) => day >= since)];
}

/** Deletes usage that is too old to be shown; for the daily job. */
export const deleteOldUsage = (db: D1Database, now: number): D1PreparedStatement =>
  deleteUsageBefore(db, firstUsageDay(now));
