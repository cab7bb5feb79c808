/** Making an account, and weighing a name with its password. */

import { isReserved, parseUserName } from "../core/names";
import { randomId, sha256 } from "../core/secrets";
import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import {
  type Account,
  insertAccount,
  insertPassword,
  isTaken,
  loadAccount,
  loadInvitation,
  type NewAccount,
} from "./db/accounts";
import type { Key, Ticket } from "./db/one-time-tokens";
import { insertPasskey, loadPasskey } from "./db/passkeys";
import { creationOptions, type Site, verifyCreation } from "./passkeys";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords";
import { type AccountRefusal, type Refused, refuse } from "./refusals";

export type { Account };

/** Who wants an account: the name as typed, and the secret of an invitation, or "". */
interface Applicant {
  name: string;
  invitation: string;
}

/** Whether anyone may sign up without an invitation. */
export const isSignUpOpen = (env: Env): boolean => settings(env).SIGN_UP === "open";

/**
 * Whether somebody may sign up, with this invitation or ("") without one. Null, or `closed` or
 * `not-invited`. One that is not good is refused also where nobody needs one: who has come with it
 * expects what it promises. A closed provider is opened by what makes an administrator alone.
 */
export async function barSignUp(
  env: Env,
  invitation: string,
  now: number,
): Promise<AccountRefusal | null> {
  const isClosed = settings(env).SIGN_UP === "closed";
  const barred: AccountRefusal = { code: isClosed ? "closed" : "not-invited" };
  if (invitation === "") return isSignUpOpen(env) ? null : barred;
  const found = await loadInvitation(env.DB, await sha256(invitation), now);
  return found !== null && (found.isAdmin || !isClosed) ? null : barred;
}

/**
 * Makes an account with a password. Refuses as `barSignUp` does, with `bad-name`, `short-password`,
 * `long-password`, and `name-taken` (also where the name is reserved).
 */
export async function signUp(
  env: Env,
  applicant: Applicant,
  password: string,
  now: number,
): Promise<{ ok: true; account: NewAccount } | Refused> {
  const barred = await barSignUp(env, applicant.invitation, now);
  if (barred) return refuse(barred);
  const name = parseUserName(applicant.name);
  if (name === null) return refuse({ code: "bad-name" });
  const problem = problemOf(password);
  if (problem) return refuse(problem);
  // The hash comes first, so that a taken name takes as long as a free one.
  const hash = await withRetry(() => env.USERS.getByName(name).hashPassword(password));
  if (isReserved(name)) return refuse({ code: "name-taken", name });
  const account = await newAccount(name, randomId(), applicant.invitation);
  return makeAccount(env, account, insertPassword(env.DB, account.id, hash, now), now);
}

/** Asks for the passkey of a new account. Refuses as `signUp` does. */
export async function beginPasskeySignUp(
  env: Env,
  site: Site,
  applicant: Applicant,
  now: number,
): Promise<{ ok: true; options: Awaited<ReturnType<typeof creationOptions>> } | Refused> {
  const barred = await barSignUp(env, applicant.invitation, now);
  if (barred) return refuse(barred);
  const name = parseUserName(applicant.name);
  if (name === null) return refuse({ code: "bad-name" });
  // Before the person is asked by their device, which would keep a passkey for nothing.
  if (isReserved(name) || (await isTaken(env.DB, name)))
    return refuse({ code: "name-taken", name });
  const request = { purpose: "sign-up" as const, account: { id: randomId(), name } };
  return { ok: true, options: await creationOptions(env.DB, site, request, [], now) };
}

/**
 * Makes an account with a passkey; its name is the one that the challenge was for. The ticket is to
 * be used up by the session. Refuses as `signUp` and `verifyCreation` do.
 */
export async function signUpWithPasskey(
  env: Env,
  site: Site,
  { invitation, response, device }: { invitation: string; response: unknown; device: string },
  now: number,
): Promise<{ ok: true; account: NewAccount; ticket: Ticket } | Refused> {
  const verified = await verifyCreation(env.DB, site, "sign-up", response, device, now);
  if (!verified.ok) return verified;
  const { challenge, ticket, passkey } = verified;
  const holder = await loadPasskey(env.DB, passkey.id);
  // Else the account would have none: a passkey is one person's. Our own try may have been half done.
  if (holder && holder.account.id !== ticket.account) return refuse({ code: "bad-passkey" });
  const barred = holder ? null : await barSignUp(env, invitation, now);
  if (barred) return refuse(barred);
  const account = await newAccount(challenge.name ?? "", ticket.account, invitation);
  const credential = insertPasskey(env.DB, account.id, passkey, now);
  const outcome = await makeAccount(env, account, credential, now);
  return outcome.ok ? { ...outcome, ticket } : outcome;
}

const newAccount = async (name: string, id: string, invitation: string): Promise<NewAccount> => ({
  id,
  name,
  invitation: invitation === "" ? null : await sha256(invitation),
});

async function makeAccount(
  env: Env,
  account: NewAccount,
  credential: D1PreparedStatement,
  now: number,
): Promise<{ ok: true; account: NewAccount } | Refused> {
  const isOpen = isSignUpOpen(env) && account.invitation === null;
  const { name } = account;
  const outcome = await insertAccount(env.DB, account, credential, isOpen, now);
  if (outcome === "name-taken") return refuse({ code: "name-taken", name });
  if (outcome === "not-invited") return refuse({ code: "not-invited" });
  return { ok: true, account };
}

/**
 * Finds out whose name and password these are; the key is to guard what comes of it. Refuses with
 * `wrong`, the same and after the same time whether or not there is such a name, with `wait` after
 * too many wrong passwords, most of all from this client address, and with `suspended` whoever knows
 * the password.
 */
export async function checkPassword(
  env: Env,
  rawName: string,
  password: string,
  address: string,
  now: number,
): Promise<{ ok: true; key: Key } | Refused> {
  const wrong = refuse({ code: "wrong" });
  const name = parseUserName(rawName);
  if (name === null || password.length > MAX_PASSWORD_LENGTH) return wrong;
  const account = await loadAccount(env.DB, name);
  const hash = account?.hash ?? null;
  const check = await withRetry(() =>
    env.USERS.getByName(name).checkPassword(password, hash, address, now),
  );
  if (check.waitSeconds > 0) {
    return refuse({ code: "wait", retryAfterSeconds: check.waitSeconds });
  }
  if (!check.isRight || account === null || hash === null) return wrong;
  if (account.isSuspended) return refuse({ code: "suspended" });
  return { ok: true, key: { table: "passwords", hash, account: account.id } };
}

/** What is wrong with a new password, or null. */
export function problemOf(password: string): AccountRefusal | null {
  if ([...password].length < MIN_PASSWORD_LENGTH) return { code: "short-password" };
  return password.length > MAX_PASSWORD_LENGTH ? { code: "long-password" } : null;
}
