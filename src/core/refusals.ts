/**
 * Refusals of requests by apps, and the Outcome type. Refusals are plain values: classes would not
 * survive RPC with a Durable Object. `http/refusals.ts` maps each code to its status.
 */

/** Why a request is refused: a stable code, and a sentence for developers. */
export type Refusal =
  | { code: "malformed"; message: string }
  | { code: "folder-write"; message: string }
  | { code: "unauthorized"; message: string; error?: "invalid_token" }
  | { code: "insufficient-scope"; message: string }
  | { code: "suspended"; message: string }
  | { code: "not-executable"; message: string }
  | { code: "not-found"; message: string }
  | { code: "method-not-allowed"; message: string; allow: string }
  | { code: "clash"; message: string }
  | { code: "precondition-failed"; message: string; version: string | null }
  | { code: "too-large"; message: string }
  | { code: "path-too-long"; message: string }
  | { code: "unsupported-coding"; message: string }
  | { code: "upgrade-required"; message: string }
  | { code: "range-not-satisfiable"; message: string; length: number }
  | { code: "over-quota"; message: string }
  | { code: "misdirected"; message: string }
  | { code: "too-many-requests"; message: string; retryAfterSeconds: number }
  | { code: "unavailable"; message: string; retryAfterSeconds: number }
  | { code: "unknown-outcome"; message: string; retryAfterSeconds: number };

/** A value, or the refusal in its place. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

/** The outcome of success. */
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

/** The outcome of a refusal. */
export const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal,
});

/** The change may or may not have been applied. The body of such a PUT is not deleted. */
export const UNKNOWN_OUTCOME = {
  code: "unknown-outcome",
  message:
    "The storage did not answer in time. Check whether the change was applied before you retry.",
  retryAfterSeconds: 1,
} as const satisfies Refusal;

/** Nothing was changed; a retry may succeed. */
export const UNAVAILABLE = {
  code: "unavailable",
  message: "The storage is temporarily unavailable. Nothing was changed. Try again.",
  retryAfterSeconds: 1,
} as const satisfies Refusal;
