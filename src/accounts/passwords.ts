/** The password of an account: checking, setting and removing it. */

import { parseUserName } from "../core/names";
import type { Env } from "../env";
import { withRetry } from "../platform/retry";
import { newActivityEntry } from "./activity";
import { loadAccountByName } from "./db/accounts";
import type { Credential } from "./db/one-time-tokens";
import { deletePassword, loadPasswordHash, replacePassword } from "./db/passwords";
import { type AccountOutcome, type AccountRefusal, refuseWith } from "./refusals";
import type { BrowserSession } from "./sessions";

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 1024;

/** Returns null for an acceptable new password, otherwise `short-password` or `long-password`. */
export function validatePassword(password: string): AccountRefusal | null {
  if ([...password].length < MIN_PASSWORD_LENGTH) return { code: "short-password" };
  return password.length > MAX_PASSWORD_LENGTH ? { code: "long-password" } : null;
}

/**
 * Checks a name and its password. The returned credential has to guard what follows. Refuses with
 * `wrong`, alike and after the same time whether or not the name exists; with `wait` after too many
 * wrong passwords, sooner for those from this client address; and with `suspended`, but only if the
 * password is right.
 */
export async function checkPassword(
  env: Env,
  rawName: string,
  password: string,
  address: string,
  now: number,
): Promise<AccountOutcome<{ credential: Credential }>> {
  const wrong = refuseWith({ code: "wrong" });
  const name = parseUserName(rawName);
  if (name === null || password.length > MAX_PASSWORD_LENGTH) return wrong;
  const account = await loadAccountByName(env.DB, name);
  const hash = account?.passwordHash ?? null;
  const check = await withRetry(() =>
    env.USERS.getByName(name).checkPassword(password, hash, address, now),
  );
  if (check.waitSeconds > 0) {
    return refuseWith({ code: "wait", retryAfterSeconds: check.waitSeconds });
  }
  if (!check.isRight || account === null || hash === null) return wrong;
  if (account.isSuspended) return refuseWith({ code: "suspended" });
  return { ok: true, credential: { table: "passwords", hash, account: account.id } };
}

/**
 * Sets or replaces the password of a session's account and ends all its other sessions. Refuses with
 * `short-password`, `long-password`, and with `conflict` if another change came first.
 */
export async function setPassword(
  env: Env,
  { account, hash: sessionHash }: BrowserSession,
  password: string,
  now: number,
): Promise<AccountOutcome> {
  const refusal = validatePassword(password);
  if (refusal) return refuseWith(refusal);
  const oldHash = await loadPasswordHash(env.DB, account.id);
  const user = env.USERS.getByName(account.name);
  const newHash = await withRetry(() => user.hashPassword(password));
  const entry = newActivityEntry({ kind: "password-set" }, now);
  const hashes = { oldHash, newHash };
  const isSet = await replacePassword(env.DB, account.id, hashes, sessionHash, entry);
  return isSet ? { ok: true } : refuseWith({ code: "conflict" });
}

/**
 * Removes the password and ends all other sessions. Refuses with `last-sign-in-method` if the account
 * has no passkey.
 */
export async function removePassword(
  env: Env,
  { account, hash: sessionHash }: BrowserSession,
  now: number,
): Promise<AccountOutcome> {
  const oldHash = await loadPasswordHash(env.DB, account.id);
  if (oldHash === null) return { ok: true };
  const entry = newActivityEntry({ kind: "password-removed" }, now);
  const isRemoved = await deletePassword(env.DB, account.id, oldHash, sessionHash, entry);
  return isRemoved ? { ok: true } : refuseWith({ code: "last-sign-in-method" });
}
