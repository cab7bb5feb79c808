/**
 * Tells users in their activity why requests of an app were refused: at most once a day for each app and
 * reason, and nothing of what was requested. Requests that succeed cost nothing.
 */

import { type RefusalReason, recordDailyActivity } from "../accounts/activity";
import type { Refusal } from "../core/refusals";
import { DAY_MS } from "../core/time";
import { BoundedMap } from "../platform/bounded-map";
import { logWarning } from "../platform/log";
import type { AccessClaims } from "./access-tokens";
import { appNameOfGrant } from "./grants";

/** The refusals that users are told of. The others belong to every sync (404, 412), or pass by themselves. */
const REASONS: Partial<Record<Refusal["code"], RefusalReason>> = {
  "insufficient-scope": "scope",
  "over-quota": "quota",
  "too-large": "size",
  "too-many-requests": "rate",
  clash: "name",
  malformed: "request",
  "folder-write": "request",
  "path-too-long": "request",
  "unsupported-coding": "request",
};

/** A refusal is recorded when it has been repeated so often: one alone may be a probe, or a slip. */
const MIN_REFUSALS = 3;

/** Grants and reasons that an isolate counts for; the oldest counter is dropped first. */
const MAX_COUNTERS = 10_000;

/** By account id, grant id and reason. */
const counters = new BoundedMap<string, { refusals: number; nextRecordAt: number }>(MAX_COUNTERS);

/**
 * Counts the refusal of an app's request, in memory. The third of a kind is recorded, after the response,
 * which does not depend on it; then no other for a day.
 */
export function recordRefusal(
  env: { DB: D1Database },
  ctx: { waitUntil(promise: Promise<unknown>): void },
  { account, grant }: Pick<AccessClaims, "account" | "grant">,
  { code }: Refusal,
  now: number,
): void {
  const why = REASONS[code];
  if (why === undefined) return;
  const counter = counterOf(`${account} ${grant} ${why}`);
  counter.refusals++;
  // A clock that was set back must not keep it from being recorded for long.
  const isDue = counter.nextRecordAt <= now || counter.nextRecordAt > now + DAY_MS;
  if (!isDue || counter.refusals < MIN_REFUSALS) return;
  counter.refusals = 0;
  counter.nextRecordAt = now + DAY_MS;
  const recorded = async () => {
    const app = await appNameOfGrant(env.DB, account, grant, now);
    if (app === null) return;
    await recordDailyActivity(env.DB, account, { kind: "app-refused", app, why }, now);
  };
  ctx.waitUntil(recorded().catch((error) => logWarning("A refusal could not be recorded.", error)));
}

function counterOf(key: string) {
  const existing = counters.get(key);
  if (existing) return existing;
  const counter = { refusals: 0, nextRecordAt: 0 };
  counters.set(key, counter);
  return counter;
}
