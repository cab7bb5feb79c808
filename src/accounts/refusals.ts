/** Refusals of sign-ins, sign-ups and changes of an account. */

/** Why something is refused. /passkeys.js reads the codes, too. */
export type AccountRefusal =
  | { code: "closed" }
  | { code: "not-invited" }
  | { code: "bad-name" }
  | { code: "name-taken"; name: string }
  | { code: "short-password" }
  | { code: "long-password" }
  /** The name or the password is wrong. */
  | { code: "wrong" }
  /** The name or the recovery code is wrong. */
  | { code: "wrong-code" }
  | { code: "suspended" }
  /** Too many wrong passwords for this account. */
  | { code: "wait"; retryAfterSeconds: number }
  /** Too many attempts of any kind from this client address. */
  | { code: "too-many"; retryAfterSeconds: number }
  /** Too many emails with a link to this user. */
  | { code: "too-many-emails"; retryAfterSeconds: number }
  | { code: "bad-passkey" }
  /** The passkey's challenge has expired or was used. */
  | { code: "late-passkey" }
  | { code: "last-sign-in-method" }
  | { code: "too-many-passkeys" }
  /** Something else changed the same thing at the same time. */
  | { code: "conflict" }
  | { code: "bad-email" };

/** A result with its own properties, or a refusal. */
export type AccountOutcome<T = unknown> =
  | ({ ok: true } & T)
  | { ok: false; refusal: AccountRefusal };

/** The outcome of a refusal. */
export const refuseWith = (refusal: AccountRefusal): { ok: false; refusal: AccountRefusal } => ({
  ok: false,
  refusal,
});

/** A sentence for each code, made of its values. */
export type RefusalSentences = {
  [Code in AccountRefusal["code"]]: (refusal: Extract<AccountRefusal, { code: Code }>) => string;
};
