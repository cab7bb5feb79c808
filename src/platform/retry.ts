/** Patience with the platform: D1, R2 and Durable Objects fail for a moment now and then. */

import { randomFraction } from "../core/secrets";
import { logWarning } from "./log";
import { countPlatformCall } from "./request-context";

/** Tries in all, so that the waiting between them stays below a second. */
export const MAX_ATTEMPTS = 3;

/** After this time a call counts as not answered; whoever asked has not much more patience. */
export const CALL_TIMEOUT_MS = 10_000;

const FIRST_BACKOFF_MS = 100;

/**
 * What Cloudflare says when the fault is its own and will pass: the errors of D1 that it lists as
 * worth another try (developers.cloudflare.com/d1/observability/debug-d1), those of R2 (the codes
 * in parentheses, developers.cloudflare.com/r2/api/error-codes) and those of Durable Objects.
 */
const TRANSIENT_ERROR_PATTERN =
  /network connection lost|object (?:to be )?reset|reset because|overloaded|queued for too long|transient|exceeded (?:its )?time|internal error|try again|service unavailable|not answered in time|\((?:10001|10043|10054|10058)\)/i;

/** Whether a call has failed by a fault of the platform that will pass. */
export const isTransient = (error: unknown): boolean =>
  hasFlag(error, "retryable") || isOverload(error) || TRANSIENT_ERROR_PATTERN.test(String(error));

/** Asking an overloaded database or object at once again would keep it so. */
const isOverload = (error: unknown): boolean =>
  hasFlag(error, "overloaded") || /overloaded|queued for too long/i.test(String(error));

const hasFlag = (error: unknown, flag: string): boolean =>
  typeof error === "object" && error !== null && (error as Record<string, unknown>)[flag] === true;

/**
 * Asks the platform for something that may be asked twice: a read, or a write that comes to the
 * same when it is repeated. Tries again after a fault that may have passed by then. Rejects with
 * the last fault; it is transient if the answer took too long.
 */
export async function withRetry<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withCallTimeout(call());
    } catch (error) {
      const isRetryable =
        isTransient(error) && !isOverload(error) && !(error instanceof TimeoutError);
      if (!isRetryable || attempt === MAX_ATTEMPTS) throw error;
      logWarning("A call to the platform is tried again.", error);
      await backoff(attempt);
    }
  }
}

/**
 * The answer to a call to the platform, which counts as one of the request's. Rejects with a transient
 * error when it does not come in time (milliseconds).
 */
export function withCallTimeout<T>(
  answer: Promise<T>,
  timeoutMs: number = CALL_TIMEOUT_MS,
): Promise<T> {
  countPlatformCall();
  return withTimeout(answer, timeoutMs);
}

/** The same for what is no call to the platform: what the client sends. */
export async function withTimeout<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError()), timeoutMs);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

class TimeoutError extends Error {
  override message = "The platform has not answered in time.";
}

/** Waits before the next try: longer each time, and never as long as all others do. */
export const backoff = (attempt: number): Promise<void> =>
  scheduler.wait(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + randomFraction()));
