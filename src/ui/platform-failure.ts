/** What a failure of the platform is for a client. */

import type { Context } from "hono";
import { type Refusal, UNAVAILABLE, UNKNOWN_OUTCOME } from "../core/refusals";
import { logWarning } from "../platform/log";
import { planLimitOf, planLimitRefusal } from "../platform/plan-limits";
import { isTransient } from "../platform/retry";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/** A refusal for programs, and its sentence for people. */
export interface PlatformFailure {
  refusal: Refusal;
  sentence: string;
}

/**
 * A transient error of the platform, or a call that the provider's plan does not allow; it is logged. After a transient
 * error a change may or may not have been applied. Null: it is another error, which is a bug.
 */
export function platformFailure(c: Context, error: unknown, now: number): PlatformFailure | null {
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  const { readUnavailable, unknownOutcome, planLimits } = messagesFor(c, UI_MESSAGES);
  const limit = planLimitOf(error);
  if (limit !== null) {
    logWarning("A request has met a limit of the provider's plan at Cloudflare.", error);
    return { refusal: planLimitRefusal(limit, isRead, now), sentence: planLimits[limit] };
  }
  if (!isTransient(error)) return null;
  logWarning("A request failed with a transient error.", error);
  return isRead
    ? { refusal: UNAVAILABLE, sentence: readUnavailable }
    : { refusal: UNKNOWN_OUTCOME, sentence: unknownOutcome };
}
