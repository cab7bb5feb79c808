/** Recovery codes: a set, each of which lets in once. */

import { randomBelow, sha256 } from "../core/secrets";
import { entryOf } from "./activity";
import { type Account, loadAccount } from "./db/accounts";
import type { Ticket } from "./db/one-time-tokens";
import { hasCode, loadFirstCode, replaceCodes } from "./db/recovery-codes";
import { type Refused, refuse } from "./refusals";

/** Codes of a set. */
export const CODES = 10;

/** Digits and letters without those that look like others (0 and o, 1 and l and i) or like u. */
const ALPHABET = "23456789abcdefghjkmnpqrstvwxyz";
/** Characters of a code: 30 to the 17th is more than 80 bits. They are read in groups. */
const GROUPS = [6, 6, 5];

/**
 * Gives an account a new set, which replaces the old one. Refuses with `overtaken` where the old one
 * was replaced in the meantime, or the code of it used by which it is known.
 */
export async function makeRecoveryCodes(
  db: D1Database,
  account: string,
  now: number,
): Promise<{ ok: true; codes: string[] } | Refused> {
  const first = await loadFirstCode(db, account);
  const codes = Array.from({ length: CODES }, newCode);
  const hashes = await Promise.all(codes.map(hashOf));
  const deed = entryOf({ kind: "recovery-codes-made" }, now);
  const isDone = await replaceCodes(db, account, first, hashes, deed);
  return isDone ? { ok: true, codes } : refuse({ code: "overtaken" });
}

/**
 * Finds out whose code this is; the ticket is to be used up by what comes of it. Refuses with
 * `wrong-code`, the same whether or not there is such a name, and with `suspended`.
 */
export async function checkRecoveryCode(
  db: D1Database,
  name: string | null,
  code: string,
): Promise<{ ok: true; account: Account; ticket: Ticket } | Refused> {
  const wrong = refuse({ code: "wrong-code" });
  const hash = await hashOf(code.slice(0, 100));
  if (name === null || !(await hasCode(db, name, hash))) return wrong;
  const account = await loadAccount(db, name);
  if (account === null) return wrong;
  if (account.isSuspended) return refuse({ code: "suspended" });
  const { id, isAdmin } = account;
  const ticket = { table: "recovery_codes" as const, hash, account: id };
  return { ok: true, account: { id, name, isAdmin }, ticket };
}

const newCode = (): string =>
  GROUPS.map((length) =>
    Array.from({ length }, () => ALPHABET[randomBelow(ALPHABET.length)]).join(""),
  ).join("-");

/** However it was typed. A slow hash is for what people make up; this nobody can guess. */
const hashOf = (code: string): Promise<string> =>
  sha256(code.toLowerCase().replace(/[^0-9a-z]/g, ""));
