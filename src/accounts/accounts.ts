/** Signing up and signing in with a password, and changing it. */

import { isReserved, parseUserName, USER_NAME_RULE } from "../core/names";
import { randomId } from "../core/secrets";
import { type Env, settings } from "../env";
import { askPatiently } from "../http/patience";
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from "./passwords";
import { type Account, insertAccount, insertPassword, loadAccount, replacePassword } from "./repo";

export type { Account };

/** Why somebody was not let in, with a sentence for them. */
export type AccountRefusal = {
  code: "closed" | "bad-name" | "bad-password" | "name-taken" | "wrong" | "wait" | "suspended";
  message: string;
  retryAfterSeconds?: number;
};

type Refused = { ok: false; refusal: AccountRefusal };

type AccountOutcome = { ok: true; account: Account } | Refused;

const refuse = (code: AccountRefusal["code"], message: string): Refused => ({
  ok: false,
  refusal: { code, message },
});

/**
 * Makes an account. Refuses with `closed` where the operator takes no one, `bad-name`,
 * `bad-password` (length), `name-taken` (also where the name is reserved).
 */
export async function signUp(
  env: Env,
  rawName: string,
  password: string,
  now: number,
): Promise<AccountOutcome> {
  if (settings(env).SIGN_UP === "closed") {
    return refuse("closed", "This provider does not take new people at the moment.");
  }
  const name = parseUserName(rawName);
  if (name === null) return refuse("bad-name", `A name has ${USER_NAME_RULE}`);
  const problem = problemOf(password);
  if (problem !== null) return refuse("bad-password", problem);
  // The hash comes first, so that a taken name takes as long as a free one.
  const hash = await askPatiently(() => env.USERS.getByName(name).hashPassword(password));
  const id = randomId();
  const taken = refuse("name-taken", `The name "${name}" is taken.`);
  if (isReserved(name)) return taken;
  const credential = insertPassword(env.DB, id, hash, now);
  const account = { id, name, invitation: null };
  const outcome = await insertAccount(env.DB, account, credential, true, now);
  return outcome === "made" ? { ok: true, account: { id, name, isAdmin: false } } : taken;
}

/**
 * Finds out whose name and password these are. Refuses with `wrong`, the same and after the same
 * time whether or not there is such a name, with `wait` after too many wrong passwords, most of all
 * from this client address, and with `suspended` who knows the password of a suspended account.
 */
export async function checkPassword(
  env: Env,
  rawName: string,
  password: string,
  address: string,
  now: number,
): Promise<{ ok: true; account: Account; hash: string } | Refused> {
  const wrong = refuse("wrong", "The name or the password is wrong.");
  const name = parseUserName(rawName);
  if (name === null || password.length > MAX_PASSWORD_LENGTH) return wrong;
  const account = await loadAccount(env.DB, name);
  const check = await askPatiently(() =>
    env.USERS.getByName(name).checkPassword(password, account?.hash ?? null, address, now),
  );
  if (check.waitSeconds > 0) {
    const message = `Too many wrong passwords. Try again in ${seconds(check.waitSeconds)}.`;
    const refusal = { code: "wait" as const, message, retryAfterSeconds: check.waitSeconds };
    return { ok: false, refusal };
  }
  if (!check.isRight || account === null || account.hash === null) return wrong;
  if (account.isSuspended) {
    return refuse("suspended", "This account is suspended. Its data is kept; ask your provider.");
  }
  const { id, isAdmin, hash } = account;
  return { ok: true, account: { id, name, isAdmin }, hash };
}

/**
 * Gives an account another password and ends all its sessions. Refuses as `checkPassword` does for
 * the current one, and with `bad-password` for the new one (length).
 */
export async function changePassword(
  env: Env,
  account: Account,
  passwords: { current: string; wanted: string },
  address: string,
  now: number,
): Promise<AccountOutcome> {
  const problem = problemOf(passwords.wanted);
  if (problem !== null) return refuse("bad-password", problem);
  const checked = await checkPassword(env, account.name, passwords.current, address, now);
  const wrong = refuse("wrong", "The current password is another one.");
  if (!checked.ok) return checked.refusal.code === "wrong" ? wrong : checked;
  const user = env.USERS.getByName(account.name);
  const hash = await askPatiently(() => user.hashPassword(passwords.wanted));
  const change = { old: checked.hash, wanted: hash };
  return (await replacePassword(env.DB, account.id, change, now)) ? checked : wrong;
}

const seconds = (count: number): string => (count === 1 ? "1 second" : `${count} seconds`);

function problemOf(password: string): string | null {
  if ([...password].length < MIN_PASSWORD_LENGTH) {
    return `A password has at least ${MIN_PASSWORD_LENGTH} characters.`;
  }
  return password.length > MAX_PASSWORD_LENGTH
    ? `A password has at most ${MAX_PASSWORD_LENGTH} characters.`
    : null;
}
