/**
 * How much an app used, for its person to see. Kept cheaply: an isolate counts in memory, and of each
 * grant at most one write an hour goes to D1, by whichever isolate is first. What an isolate still
 * counts when it ends is lost: this is a picture, not a bill.
 */

import { HOUR_MS, toDayNumber } from "../core/time";
import { logWarning } from "../platform/log";
import type { AccessClaims } from "./access-tokens";
import { type AppUsageRow, addUsage, deleteUsageBefore, loadUsageRows } from "./db/app-usage";

export type { AppUsageRow };

/** After a fault the next try is not far. */
const AFTER_FAULT_MS = 5 * 60 * 1000;

/** Days of use that are kept and shown, today included. */
export const USAGE_DAYS = 30;

/** The first of these days. */
export const firstUsageDay = (now: number): number => toDayNumber(now) - USAGE_DAYS + 1;

/** Grants that an isolate counts for; who was counted for longest goes first. */
const MAX_COUNTERS = 10_000;

interface Counter {
  account: string;
  grant: string;
  /** What is in no row yet, by the day. */
  days: Map<number, Pick<AppUsageRow, "requests" | "bytes">>;
  lastAt: number;
  /** Before that nothing is written. */
  nextAt: number;
}

/** By account and grant. */
const counters = new Map<string, Counter>();

/**
 * Counts a request of an app, and `bytes` of bodies. Now and then that is written, after the
 * response; whether it was makes no difference to it.
 */
export function recordUse(
  env: { DB: D1Database },
  ctx: { waitUntil(promise: Promise<unknown>): void },
  claims: Pick<AccessClaims, "account" | "grant">,
  bytes: number,
  now: number,
): void {
  const counter = counterOf(claims, now);
  add(counter, toDayNumber(now), { requests: 1, bytes });
  counter.lastAt = now;
  // A clock that was set back must not stop the writing for long.
  const isDue = counter.nextAt <= now || counter.nextAt > now + HOUR_MS;
  if (isDue) ctx.waitUntil(write(env.DB, counter, now));
}

function counterOf({ account, grant }: Pick<AccessClaims, "account" | "grant">, now: number) {
  const key = `${account} ${grant}`;
  const known = counters.get(key);
  if (known) return known;
  if (counters.size >= MAX_COUNTERS) counters.delete(counters.keys().next().value as string);
  const counter: Counter = { account, grant, days: new Map(), lastAt: now, nextAt: 0 };
  counters.set(key, counter);
  return counter;
}

function add(counter: Counter, day: number, use: Pick<AppUsageRow, "requests" | "bytes">): void {
  const { requests, bytes } = counter.days.get(day) ?? { requests: 0, bytes: 0 };
  counter.days.set(day, { requests: requests + use.requests, bytes: bytes + use.bytes });
}

/** What is not written stays counted: somebody else has written within the hour, or it failed. */
async function write(db: D1Database, counter: Counter, now: number): Promise<void> {
  const counted = counter.days;
  counter.days = new Map();
  counter.nextAt = now + HOUR_MS;
  const days = [...counted].map(([day, use]) => ({ day, ...use }));
  const restore = () => {
    for (const { day, ...use } of days) add(counter, day, use);
  };
  try {
    const time = { today: toDayNumber(now), now, pauseMs: HOUR_MS };
    const lastAt = await addUsage(db, counter, days, time);
    if (lastAt === null || lastAt === now) return;
    counter.nextAt = Math.min(lastAt, now) + HOUR_MS;
    restore();
  } catch (error) {
    logWarning("The use of an app was not noted.", error);
    counter.nextAt = now + AFTER_FAULT_MS;
    restore();
  }
}

/** What the apps of an account used in the last days, with what this isolate has not written yet. */
export async function listAppUsage(
  db: D1Database,
  account: string,
  now: number,
): Promise<AppUsageRow[]> {
  const since = firstUsageDay(now);
  const counted = [...counters.values()]
    .filter((counter) => counter.account === account)
    .flatMap(({ grant, days, lastAt }) =>
      [...days].map(([day, use]) => ({ grant, day, lastAt, ...use })),
    );
  return [
    ...(await loadUsageRows(db, account, since)),
    ...counted.filter(({ day }) => day >= since),
  ];
}

/** Forgets what is older than is shown, and what grants used that are gone; for the daily round. */
export const deleteOldUsage = (db: D1Database, now: number): D1PreparedStatement[] =>
  deleteUsageBefore(db, firstUsageDay(now));
