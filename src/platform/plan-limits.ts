/**
 * Limits of the provider's plan at Cloudflare: the rows of a day on the free plan, and the size of the
 * database. Unlike transient errors they do not pass within seconds, and their calls changed nothing.
 */

import type { Refusal } from "../core/refusals";
import { DAY_MS } from "../core/time";

/**
 * Of D1 ("Your account has exceeded D1's free tier daily row read limit.") and of Durable Objects
 * ("Exceeded allowed rows written in Durable Objects free tier."); both are reset at midnight UTC.
 */
const DAILY_LIMIT_PATTERN = /exceeded .*\bfree tier\b/i;

/** "Exceeded maximum DB size", "Exceeded maximum account storage limit", and what SQLite itself says. */
const FULL_PATTERN =
  /exceeded maximum (?:db|database|account)|database or disk is full|SQLITE_FULL/i;

/** "statement too long: SQLITE_TOOBIG", "string or blob too big: SQLITE_TOOBIG" */
const TOO_LONG_PATTERN = /SQLITE_TOOBIG|statement too long|string or blob too big/i;

/** When nobody knows when an operator will have made room. */
const FULL_RETRY_AFTER_SECONDS = 3600;

/** A limit of the plan, for the sentences of pages. */
export type PlanLimit = "day" | "space" | "length";

/** Which limit the error is about; null: none. */
export function planLimitOf(error: unknown): PlanLimit | null {
  const message = String(error);
  if (DAILY_LIMIT_PATTERN.test(message)) return "day";
  if (FULL_PATTERN.test(message)) return "space";
  return TOO_LONG_PATTERN.test(message) ? "length" : null;
}

/** The refusal of a request that has met a limit. */
export function planLimitRefusal(limit: PlanLimit, isRead: boolean, now: number): Refusal {
  if (limit === "day") {
    return {
      code: "unavailable",
      message: "The provider has used up its database for today. Try again after midnight UTC.",
      retryAfterSeconds: Math.ceil((DAY_MS - (now % DAY_MS)) / 1000),
    };
  }
  // Without a Retry-After: to send the same again is of no use.
  if (limit === "length")
    return { code: "over-quota", message: "The database cannot take so much." };
  const message = "The provider's database is full. Only its operator can make room.";
  return isRead
    ? { code: "unavailable", message, retryAfterSeconds: FULL_RETRY_AFTER_SECONDS }
    : { code: "over-quota", message };
}
