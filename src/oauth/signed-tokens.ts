/**
 * Tokens that the provider signs for itself to read again: JWTs, of which each kind has a type, so that none
 * passes for another (RFC 8725 §3.11).
 */

import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Env } from "../env";
import { findVerificationKey, loadSigningKey } from "./signing-keys";

const ALGORITHM = "HS256";

/** Signs a token of a type with these claims. */
export async function signToken(
  env: Env,
  type: string,
  claims: JWTPayload,
  now: number,
): Promise<string> {
  const { kid, secret } = await loadSigningKey(env, now);
  return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: type, kid }).sign(secret);
}

/** The claims of a token; null if we did not sign it, it is of another type, or it has expired. */
export async function verifyToken(
  env: Env,
  type: string,
  token: string,
  now: number,
): Promise<JWTPayload | null> {
  const kid = parseKid(token);
  const key = kid === null ? null : await findVerificationKey(env, kid, now);
  if (key === null) return null;
  try {
    const options = { algorithms: [ALGORITHM], typ: type, currentDate: new Date(now) };
    return (await jwtVerify(token, key.secret, options)).payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function parseKid(token: string): string | null {
  try {
    return decodeProtectedHeader(token).kid ?? null;
  } catch {
    return null; // not a JWT
  }
}
