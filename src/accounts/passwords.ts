/**
 * Password hashes. Run only inside a Durable Object: one hash takes more processor time than a
 * request to a Worker may have on the free plan.
 */

import { randomBytes, scryptSync } from "node:crypto";
import { equalInConstantTime } from "../core/secrets";

export const MIN_PASSWORD_LENGTH = 10;
export const MAX_PASSWORD_LENGTH = 1024;

/** OWASP's choice for scrypt; 16 MiB of memory. */
const COST = { N: 2 ** 14, r: 8, p: 5 };
const KEY_BYTES = 32;

/** "scrypt$N$r$p$salt$key": with its parameters, so that they can be raised later. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16).toString("base64url");
  const { N, r, p } = COST;
  return `scrypt$${N}$${r}$${p}$${salt}$${deriveKey(password, salt, COST)}`;
}

/**
 * Whether this is the password behind `hash`. Null stands for an account that does not exist or
 * has no password, and costs the same time.
 */
export function verifyPassword(password: string, hash: string | null): boolean {
  const [, N, r, p, salt, key] = (hash ?? DECOY).split("$") as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const derived = deriveKey(password, salt, { N: Number(N), r: Number(r), p: Number(p) });
  return equalInConstantTime(derived, key) && hash !== null;
}

const DECOY = `scrypt$${COST.N}$${COST.r}$${COST.p}$no-salt$no-key`;

/** The same password typed on another keyboard may be composed of other code points: NFKC. */
const deriveKey = (password: string, salt: string, cost: typeof COST): string =>
  scryptSync(password.normalize("NFKC"), salt, KEY_BYTES, cost).toString("base64url");
