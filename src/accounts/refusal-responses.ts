/** Refusals as responses of the account pages: a status and a sentence for each code. */

import type { HonoContext } from "../http/context";
import { RATE_LIMIT_PERIOD_SECONDS } from "../http/rate-limits";
import { messagesFor } from "../ui/language";
import { ACCOUNT_MESSAGES } from "./messages";
import type { AccountOutcome, AccountRefusal } from "./refusals";

const REFUSAL_STATUS = {
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
  "too-many-emails": 429,
  "bad-passkey": 403,
  "late-passkey": 403,
  "last-sign-in-method": 409,
  "too-many-passkeys": 409,
  conflict: 409,
  "bad-email": 400,
} as const satisfies Record<AccountRefusal["code"], number>;

/** The sentence for a refusal, in the language of the request. */
export function refusalSentence(c: HonoContext, refusal: AccountRefusal): string {
  const sentence = messagesFor(c, ACCOUNT_MESSAGES).refusals[refusal.code] as (
    refusal: AccountRefusal,
  ) => string;
  return sentence(refusal);
}

/** Status and headers of a page that shows a refusal, if there is one; for `renderPage`. */
export const refusalOptions = (refusal: AccountRefusal | undefined) =>
  refusal === undefined
    ? {}
    : { status: REFUSAL_STATUS[refusal.code], headers: retryAfter(refusal) };

/** The refusal as JSON for /passkeys.js, which shows `sentence`; its other responses have none. */
export const refusalJson = (c: HonoContext, refusal: AccountRefusal): Response =>
  c.json(
    { error: refusal.code, sentence: refusalSentence(c, refusal) },
    REFUSAL_STATUS[refusal.code],
    { "Cache-Control": "no-store", ...retryAfter(refusal) },
  );

/** The options for a passkey as JSON for /passkeys.js, or the refusal. */
export const optionsJson = (
  c: HonoContext,
  outcome: AccountOutcome<{ options: object }>,
): Response => (outcome.ok ? c.json(outcome.options) : refusalJson(c, outcome.refusal));

const retryAfter = (refusal: AccountRefusal): Record<string, string> =>
  "retryAfterSeconds" in refusal ? { "Retry-After": String(refusal.retryAfterSeconds) } : {};

/** The refusal of an attempt beyond the rate limit of a client address. */
export const TOO_MANY_ATTEMPTS: AccountRefusal = {
  code: "too-many",
  retryAfterSeconds: RATE_LIMIT_PERIOD_SECONDS,
};
