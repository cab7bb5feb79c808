/** Encrypts the token of another server with a key of this deployment: JWE (RFC 7516), AES-GCM, HKDF (RFC 5869). */

import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import type { Env } from "../env";
import { findVerificationKey, loadSigningKey } from "../oauth/signing-keys";

const INFO = new TextEncoder().encode("satchel: token of another server");

/** Encrypts a text. `context` says what it belongs to: it can be decrypted only with the same. */
export async function seal(env: Env, text: string, context: string, now: number): Promise<string> {
  const { kid, secret } = await loadSigningKey(env, now);
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid })
    .encrypt(await deriveKey(secret, context));
}

/** Decrypts a text; null if its key is no longer used, or it is not what was encrypted. */
export async function unseal(
  env: Env,
  sealed: string,
  context: string,
  now: number,
): Promise<string | null> {
  const { kid = "" } = decodeProtectedHeader(sealed);
  const found = await findVerificationKey(env, kid, now);
  if (found === null) return null;
  try {
    const { plaintext } = await compactDecrypt(sealed, await deriveKey(found.secret, context));
    return new TextDecoder().decode(plaintext);
  } catch {
    return null;
  }
}

async function deriveKey(secret: Uint8Array, context: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", new Uint8Array(secret), "HKDF", false, [
    "deriveKey",
  ]);
  const salt = new TextEncoder().encode(context);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: INFO },
    base,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}
