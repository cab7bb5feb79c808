/** Retries and timeouts for calls to D1, R2 and Durable Objects. */

import { randomFraction } from "../core/secrets";
import { logWarning } from "./log";
import { countPlatformCall } from "./request-context";

/** Attempts in all; the waiting between them stays below a second. */
export const MAX_ATTEMPTS = 3;

/** After this time a call to the platform has failed: clients do not wait much longer either. */
export const CALL_TIMEOUT_MS = 10_000;

const FIRST_BACKOFF_MS = 100;

/**
 * The messages of transient errors: those of D1 that Cloudflare lists as retryable
 * (developers.cloudflare.com/d1/observability/debug-d1), those of R2 (the codes in parentheses,
 * developers.cloudflare.com/r2/api/error-codes), those of Durable Objects, and our TimeoutError, which
 * is a plain Error after RPC ("not answered in time" is what objects of the previous release say).
 */
const TRANSIENT_ERROR_PATTERN =
  /network connection lost|object (?:to be )?reset|reset because|overloaded|queued for too long|transient|exceeded (?:its )?time|internal error|try again|service unavailable|timed out waiting for an answer|not answered in time|\((?:10001|10043|10054|10058)\)/i;

/** Whether the error is a transient one of the platform. */
export const isTransient = (error: unknown): boolean =>
  hasFlag(error, "retryable") || isOverload(error) || TRANSIENT_ERROR_PATTERN.test(String(error));

/** Whether a database or object is overloaded: retrying would keep it so. */
const isOverload = (error: unknown): boolean =>
  hasFlag(error, "overloaded") || /overloaded|queued for too long/i.test(String(error));

const hasFlag = (error: unknown, flag: string): boolean =>
  typeof error === "object" && error !== null && (error as Record<string, unknown>)[flag] === true;

/**
 * Makes an idempotent call to the platform, and retries it after a transient error. An overload and a
 * timeout are not retried. Rejects with the last error; a timeout is a transient one.
 */
export async function withRetry<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withCallTimeout(call());
    } catch (error) {
      const isRetryable =
        isTransient(error) && !isOverload(error) && !(error instanceof TimeoutError);
      if (!isRetryable || attempt === MAX_ATTEMPTS) throw error;
      logWarning("A call to the platform is being retried.", error);
      await backoff(attempt);
    }
  }
}

/**
 * Awaits a call to the platform, and counts it as one of the request's. Rejects with a transient error
 * after `timeoutMs`.
 */
export function withCallTimeout<T>(
  call: Promise<T>,
  timeoutMs: number = CALL_TIMEOUT_MS,
): Promise<T> {
  countPlatformCall();
  return withTimeout(call, timeoutMs);
}

/** Awaits anything else, such as the client's body, with a timeout. It is not counted as a call. */
export async function withTimeout<T>(call: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError()), timeoutMs);
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

class TimeoutError extends Error {
  override message = "Timed out waiting for an answer.";
}

/** Waits before the attempt after this one: exponential, with jitter. */
export const backoff = (attempt: number): Promise<void> =>
  scheduler.wait(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + randomFraction()));
