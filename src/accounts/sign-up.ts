/** Signing up: who may create an account, and creating it with a password or a passkey. */

import { isReservedName, parseUserName } from "../core/names";
import { randomId, sha256 } from "../core/secrets";
import { type Env, settings } from "../env";
import {
  insertAccount,
  insertPassword,
  isNameTaken,
  loadUsableInvitation,
  type NewAccount,
} from "./db/accounts";
import type { OneTimeToken } from "./db/one-time-tokens";
import { insertPasskey, loadPasskey } from "./db/passkeys";
import { creationOptions, type RelyingParty, verifyRegistration } from "./passkeys";
import { hashNewPassword, validatePassword } from "./passwords";
import { type AccountOutcome, type AccountRefusal, refuseWith } from "./refusals";

/** What a user enters to sign up: a name as typed, and the secret of an invitation or "". */
interface SignUpInput {
  name: string;
  invitation: string;
}

/** Whether anyone may sign up without an invitation. */
export const isSignUpOpen = (env: Env): boolean => settings(env).SIGN_UP === "open";

/**
 * Checks whether a user may sign up, with the secret of an invitation or "" without one. Returns null
 * if they may, otherwise `closed` or `not-invited`. An invalid invitation is refused even where none
 * is needed: its holder expects what it grants. While sign-up is closed, only an invitation that
 * makes an administrator is accepted.
 */
export async function checkSignUp(
  env: Env,
  invitation: string,
  now: number,
): Promise<AccountRefusal | null> {
  const isClosed = settings(env).SIGN_UP === "closed";
  const refusal: AccountRefusal = { code: isClosed ? "closed" : "not-invited" };
  if (invitation === "") return isSignUpOpen(env) ? null : refusal;
  const found = await loadUsableInvitation(env.DB, await sha256(invitation), now);
  return found !== null && (found.isAdmin || !isClosed) ? null : refusal;
}

/**
 * Creates an account with a password. Refuses like `checkSignUp`, with `bad-name`, `short-password`,
 * `long-password`, and with `name-taken` (also for reserved names).
 */
export async function signUp(
  env: Env,
  input: SignUpInput,
  password: string,
  address: string,
  now: number,
): Promise<AccountOutcome<{ account: NewAccount; passwordHash: string }>> {
  const refusal = await checkSignUp(env, input.invitation, now);
  if (refusal) return refuseWith(refusal);
  const name = parseUserName(input.name);
  if (name === null) return refuseWith({ code: "bad-name" });
  const passwordRefusal = validatePassword(password);
  if (passwordRefusal) return refuseWith(passwordRefusal);
  // Before the costly hash. The answer reveals anyway that the name is taken.
  if (isReservedName(name) || (await isNameTaken(env.DB, name)))
    return refuseWith({ code: "name-taken", name });
  const passwordHash = await hashNewPassword(env, name, address, password);
  const account = await newAccount(name, randomId(), input.invitation);
  const insertCredential = insertPassword(env.DB, account.id, passwordHash, now);
  const outcome = await createAccount(env, account, insertCredential, now);
  return outcome.ok ? { ...outcome, passwordHash } : outcome;
}

/** Returns the options for creating the passkey of a new account. Refuses like `signUp`. */
export async function beginPasskeySignUp(
  env: Env,
  relyingParty: RelyingParty,
  input: SignUpInput & { client: string },
  now: number,
): ReturnType<typeof creationOptions> {
  const refusal = await checkSignUp(env, input.invitation, now);
  if (refusal) return refuseWith(refusal);
  const name = parseUserName(input.name);
  if (name === null) return refuseWith({ code: "bad-name" });
  // Before the device creates a passkey that would be of no use.
  if (isReservedName(name) || (await isNameTaken(env.DB, name)))
    return refuseWith({ code: "name-taken", name });
  const account = { id: randomId(), name };
  const request = { purpose: "sign-up", account, client: input.client } as const;
  return creationOptions(env.DB, relyingParty, request, [], now);
}

/**
 * Creates an account with a passkey, under the name that its challenge was issued for. The returned
 * one-time token has to be consumed by starting the session. Refuses like `signUp` and
 * `verifyRegistration`.
 */
export async function signUpWithPasskey(
  env: Env,
  relyingParty: RelyingParty,
  { invitation, response, device }: { invitation: string; response: unknown; device: string },
  now: number,
): Promise<AccountOutcome<{ account: NewAccount; token: OneTimeToken }>> {
  const verified = await verifyRegistration(env.DB, relyingParty, "sign-up", response, device, now);
  if (!verified.ok) return verified;
  const { challenge, token, passkey } = verified;
  const holder = await loadPasskey(env.DB, passkey.id);
  // A passkey belongs to one account; a second would be left without one. If the holder is this
  // account, an earlier attempt was interrupted, and this one continues it.
  if (holder && holder.account.id !== token.account) return refuseWith({ code: "bad-passkey" });
  const refusal = holder ? null : await checkSignUp(env, invitation, now);
  if (refusal) return refuseWith(refusal);
  const account = await newAccount(challenge.name ?? "", token.account, invitation);
  const insertCredential = insertPasskey(env.DB, account.id, passkey, now);
  const outcome = await createAccount(env, account, insertCredential, now);
  return outcome.ok ? { ...outcome, token } : outcome;
}

const newAccount = async (name: string, id: string, invitation: string): Promise<NewAccount> => ({
  id,
  name,
  invitation: invitation === "" ? null : await sha256(invitation),
});

async function createAccount(
  env: Env,
  account: NewAccount,
  insertCredential: D1PreparedStatement,
  now: number,
): Promise<AccountOutcome<{ account: NewAccount }>> {
  const isOpen = isSignUpOpen(env) && account.invitation === null;
  const { name } = account;
  const outcome = await insertAccount(env.DB, account, insertCredential, isOpen, now);
  if (outcome === "name-taken") return refuseWith({ code: "name-taken", name });
  if (outcome === "not-invited") return refuseWith({ code: "not-invited" });
  return { ok: true, account };
}
