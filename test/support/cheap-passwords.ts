/** Password hashes with cheap parameters. The server takes the parameters from the hash. */

import { randomBytes, scryptSync } from "node:crypto";
import { onTestFinished } from "vitest";

/** A hash like those that the server stores, but fast to make and to check. */
export function cheapPasswordHash(password: string): string {
  const salt = randomBytes(16).toString("base64url");
  const key = scryptSync(password, salt, 32, { N: 2, r: 1, p: 1 });
  return `scrypt$2$1$1$${salt}$${key.toString("base64url")}`;
}

/**
 * Lets the objects hash new passwords cheaply until the end of the test, for tests that do so again and again. The
 * parameters of the server are the subject of `test/spec/accounts-sign-up`.
 */
export function hashPasswordsCheaply(): void {
  globalThis.hashesCheaply = true;
  onTestFinished(() => {
    globalThis.hashesCheaply = false;
  });
}
