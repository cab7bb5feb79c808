/** Why somebody is not let in, and how the pages say it: one status and one sentence per code. */

import type { Context } from "hono";
import type { Env } from "../env";
import { RATE_LIMIT_PERIOD_SECONDS } from "../http/rate-limits";
import { messagesFor } from "../ui/language";
import { ACCOUNT_MESSAGES } from "./messages";

/** Why somebody was not let in, or something was not done. */
export type AccountRefusal =
  | { code: "closed" }
  | { code: "not-invited" }
  | { code: "bad-name" }
  | { code: "name-taken"; name: string }
  | { code: "short-password" }
  | { code: "long-password" }
  | { code: "wrong" }
  | { code: "wrong-code" }
  | { code: "suspended" }
  /** After too many wrong passwords, or (`too-many`) too many tries of any kind from an address. */
  | { code: "wait"; retryAfterSeconds: number }
  | { code: "too-many"; retryAfterSeconds: number }
  | { code: "bad-passkey" }
  | { code: "late-passkey" }
  | { code: "last-way-in" }
  | { code: "overtaken" }
  | { code: "bad-email" };

export type Refused = { ok: false; refusal: AccountRefusal };

export const refuse = (refusal: AccountRefusal): Refused => ({ ok: false, refusal });

const STATUS = {
  closed: 403,
  "not-invited": 403,
  "bad-name": 400,
  "name-taken": 409,
  "short-password": 400,
  "long-password": 400,
  wrong: 403,
  "wrong-code": 403,
  suspended: 403,
  wait: 429,
  "too-many": 429,
  "bad-passkey": 403,
  "late-passkey": 403,
  "last-way-in": 409,
  overtaken: 409,
  "bad-email": 400,
} as const satisfies Record<AccountRefusal["code"], number>;

/** A sentence for each code, from its values. */
export type RefusalSentences = {
  [Code in AccountRefusal["code"]]: (refusal: Extract<AccountRefusal, { code: Code }>) => string;
};

type AccountContext = Context<{ Bindings: Env }>;

/** The refusal in the words of this browser's language. */
export function sentenceOf(c: AccountContext, refusal: AccountRefusal): string {
  const sentence = messagesFor(c, ACCOUNT_MESSAGES).refusals[refusal.code] as (
    refusal: AccountRefusal,
  ) => string;
  return sentence(refusal);
}

/** Status and headers of a page that says no; for `page`. */
export const refusalOptions = (refusal: AccountRefusal | undefined) =>
  refusal === undefined ? {} : { status: STATUS[refusal.code], headers: retryAfter(refusal) };

/** The refusal for the script of the passkeys, which shows the sentence; no other answer has one. */
export const refusalJson = (c: AccountContext, refusal: AccountRefusal): Response =>
  c.json({ error: refusal.code, sentence: sentenceOf(c, refusal) }, STATUS[refusal.code], {
    "Cache-Control": "no-store",
    ...retryAfter(refusal),
  });

const retryAfter = (refusal: AccountRefusal): Record<string, string> =>
  "retryAfterSeconds" in refusal ? { "Retry-After": String(refusal.retryAfterSeconds) } : {};

/** Of a try beyond the limits of an address. */
export const TOO_MANY: AccountRefusal = {
  code: "too-many",
  retryAfterSeconds: RATE_LIMIT_PERIOD_SECONDS,
};
