/** The password of an account: checking, setting and removing it. */

import { parseUserName } from "../core/names";
import type { Env } from "../env";
import { withRetry } from "../platform/retry";
import { newActivityEntry } from "./activity";
import { loadAccountByName } from "./db/accounts";
import type { Credential } from "./db/one-time-tokens";
import { deletePassword, loadPasswordHash, replacePassword } from "./db/passwords";
import { findBrowserId } from "./passwords/known-browsers";
import type { PasswordClient } from "./passwords/sign-in-throttle";
import { type AccountOutcome, type AccountRefusal, refuseWith } from "./refusals";
import type { BrowserSession } from "./sessions";

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 1024;

/** Returns null for an acceptable new password, otherwise `short-password` or `long-password`. */
export function validatePassword(password: string): AccountRefusal | null {
  if ([...password].length < MIN_PASSWORD_LENGTH) return { code: "short-password" };
  return password.length > MAX_PASSWORD_LENGTH ? { code: "long-password" } : null;
}

/** Where a password comes from: an address, and a session or the cookie of a known browser. */
interface PasswordSource {
  address: string;
  /** The hash of a session of the account. */
  session?: string;
  /** The cookie for the account, whether or not it is genuine. */
  browserCookie?: string | undefined;
}

/**
 * Checks a name and its password. The returned credential has to guard what follows. Refuses with
 * `wrong`, alike and after the same time whether or not the name exists; with `wait` after too many
 * wrong passwords from this client, or from all addresses unless the browser is known or this is the
 * first attempt of its address; and with `suspended`, but only if the password is right.
 */
export async function checkPassword(
  env: Env,
  rawName: string,
  password: string,
  source: PasswordSource,
  now: number,
): Promise<AccountOutcome<{ credential: Credential }>> {
  const wrong = refuseWith({ code: "wrong" });
  const name = parseUserName(rawName);
  if (name === null || password.length > MAX_PASSWORD_LENGTH) return wrong;
  const account = await loadAccountByName(env.DB, name);
  const hash = account?.passwordHash ?? null;
  const client = await identifyClient(source, name, hash);
  const throttle = () => env.PASSWORDS.getByName(name);
  const waitSeconds = await withRetry(() => throttle().recordAttempt(client, now));
  if (waitSeconds > 0) return refuseWith({ code: "wait", retryAfterSeconds: waitSeconds });
  const isRight = await withRetry(() => hasher(env, name, client.key).verify(password, hash));
  if (!isRight || account === null || hash === null) return wrong;
  await withRetry(() => throttle().forgetFailures(client));
  if (account.isSuspended) return refuseWith({ code: "suspended" });
  return { ok: true, credential: { table: "passwords", hash, account: account.id } };
}

async function identifyClient(
  { address, session, browserCookie }: PasswordSource,
  name: string,
  hash: string | null,
): Promise<PasswordClient> {
  if (session !== undefined) return { key: `session ${session}`, isKnown: true };
  const browser = await findBrowserId(browserCookie, name, hash);
  return browser === null
    ? { key: address, isKnown: false }
    : { key: `browser ${browser}`, isKnown: true };
}

/** The object that hashes for one client of a user name. User names have no spaces. */
const hasher = (env: Env, name: string, client: string) =>
  env.PASSWORDS.getByName(`${name} ${client}`);

/** Hashes a new password of a user name for a client. */
export const hashNewPassword = (
  env: Env,
  name: string,
  client: string,
  password: string,
): Promise<string> => withRetry(() => hasher(env, name, client).hash(password));

/**
 * Sets or replaces the password of a session's account and ends all its other sessions. Refuses with
 * `short-password`, `long-password`, and with `conflict` if another change came first.
 */
export async function setPassword(
  env: Env,
  { account, hash: sessionHash }: BrowserSession,
  password: string,
  now: number,
): Promise<AccountOutcome<{ passwordHash: string }>> {
  const refusal = validatePassword(password);
  if (refusal) return refuseWith(refusal);
  const oldHash = await loadPasswordHash(env.DB, account.id);
  const newHash = await hashNewPassword(env, account.name, sessionHash, password);
  const entry = newActivityEntry({ kind: "password-set" }, now);
  const hashes = { oldHash, newHash };
  const isSet = await replacePassword(env.DB, account.id, hashes, sessionHash, entry);
  return isSet ? { ok: true, passwordHash: newHash } : refuseWith({ code: "conflict" });
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
