/** Recovery codes: an account has a set of them, and each signs in once. */

import { randomBelow, sha256 } from "../core/secrets";
import { newActivityEntry } from "./activity";
import { type Account, loadAccountByName } from "./db/accounts";
import type { OneTimeToken } from "./db/one-time-tokens";
import { hasRecoveryCode, loadRecoveryCodeSetId, replaceRecoveryCodes } from "./db/recovery-codes";
import { type AccountOutcome, refuseWith } from "./refusals";

/** Codes per set. */
export const RECOVERY_CODE_COUNT = 10;

/** Digits and letters, except those that look alike (0 and o; 1, l and i) and u. */
const CODE_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";

/** Characters of a code, in groups for reading: 30 to the power of 17 is more than 80 bits. */
const CODE_GROUP_LENGTHS = [6, 6, 5];

/** Longer input is cut off before it is hashed. */
const MAX_INPUT_LENGTH = 100;

/**
 * Creates a new set of codes that replaces the account's old one. Refuses with `conflict` if the old
 * set was replaced in the meantime, or if the code that identifies it was used.
 */
export async function createRecoveryCodes(
  db: D1Database,
  account: string,
  now: number,
): Promise<AccountOutcome<{ codes: string[] }>> {
  const oldSetId = await loadRecoveryCodeSetId(db, account);
  const codes = Array.from({ length: RECOVERY_CODE_COUNT }, generateRecoveryCode);
  const hashes = await Promise.all(codes.map(hashRecoveryCode));
  const entry = newActivityEntry({ kind: "recovery-codes-made" }, now);
  const isReplaced = await replaceRecoveryCodes(db, account, oldSetId, hashes, entry);
  return isReplaced ? { ok: true, codes } : refuseWith({ code: "conflict" });
}

/**
 * Checks a name and one of its recovery codes. The returned one-time token has to be consumed by what
 * follows. Refuses with `wrong-code`, alike whether or not the name exists, and with `suspended`.
 */
export async function checkRecoveryCode(
  db: D1Database,
  name: string | null,
  code: string,
): Promise<AccountOutcome<{ account: Account; token: OneTimeToken }>> {
  const wrong = refuseWith({ code: "wrong-code" });
  const hash = await hashRecoveryCode(code.slice(0, MAX_INPUT_LENGTH));
  if (name === null || !(await hasRecoveryCode(db, name, hash))) return wrong;
  const account = await loadAccountByName(db, name);
  if (account === null) return wrong;
  if (account.isSuspended) return refuseWith({ code: "suspended" });
  const { id, isAdmin } = account;
  const token = { table: "recovery_codes" as const, hash, account: id };
  return { ok: true, account: { id, name, isAdmin }, token };
}

const generateRecoveryCode = (): string =>
  CODE_GROUP_LENGTHS.map((length) =>
    Array.from({ length }, () => CODE_ALPHABET[randomBelow(CODE_ALPHABET.length)]).join(""),
  ).join("-");

/** Ignores case and separators. Needs no slow hash: unlike a password, a code cannot be guessed. */
const hashRecoveryCode = (code: string): Promise<string> =>
  sha256(code.toLowerCase().replace(/[^0-9a-z]/g, ""));
