/**
 * What the storage may refuse, as plain values: classes would not survive the call into a Durable
 * Object. `http/refusals.ts` gives each code its status.
 */

export type Refusal =
  | { code: "malformed"; message: string }
  | { code: "folder-write"; message: string }
  | { code: "unauthorized"; message: string; error?: "invalid_token" }
  | { code: "insufficient-scope"; message: string }
  | { code: "suspended"; message: string }
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

export type Outcome<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });

export const refused = (refusal: Refusal): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal,
});

/** What was asked for may or may not have been done. The body of such a PUT is left alone. */
export const UNKNOWN_OUTCOME = {
  code: "unknown-outcome",
  message: "The storage did not answer in time. Look whether your change is there, and try again.",
  retryAfterSeconds: 1,
} as const satisfies Refusal;

/** Nothing was changed, and another try may go better. */
export const UNAVAILABLE = {
  code: "unavailable",
  message: "The storage is not available at the moment; nothing was changed. Try again.",
  retryAfterSeconds: 1,
} as const satisfies Refusal;
