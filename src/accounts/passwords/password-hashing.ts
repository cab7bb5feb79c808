/**
 * Password hashes (scrypt). Computed only inside a Durable Object: one hash takes more CPU time than
 * a request to a Worker may use on the free plan.
 */

import { randomBytes, scryptSync } from "node:crypto";
import { equalInConstantTime } from "../../core/secrets";

/** OWASP's recommended scrypt parameters; 16 MiB of memory. */
const SCRYPT_PARAMETERS = { N: 2 ** 14, r: 8, p: 5 };
const KEY_BYTES = 32;

/** Returns "scrypt$N$r$p$salt$key": the parameters are stored so that they can be raised later. */
export function hashPassword(password: string): string {
  const salt = randomBytes(16).toString("base64url");
  const { N, r, p } = SCRYPT_PARAMETERS;
  return `scrypt$${N}$${r}$${p}$${salt}$${deriveKey(password, salt, SCRYPT_PARAMETERS)}`;
}

/**
 * Whether a password matches `hash`. Null stands for an account that does not exist or has no
 * password, and takes the same time.
 */
export function verifyPassword(password: string, hash: string | null): boolean {
  const [, N, r, p, salt, key] = (hash ?? DUMMY_HASH).split("$") as [
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

const DUMMY_HASH = [
  "scrypt",
  SCRYPT_PARAMETERS.N,
  SCRYPT_PARAMETERS.r,
  SCRYPT_PARAMETERS.p,
  "no-salt",
  "no-key",
].join("$");

/** Normalizes to NFKC: another keyboard may compose the same password of other code points. */
const deriveKey = (password: string, salt: string, parameters: typeof SCRYPT_PARAMETERS): string =>
  scryptSync(password.normalize("NFKC"), salt, KEY_BYTES, parameters).toString("base64url");
