/** Access tokens: JWTs that name a grant, and are valid only while the grant is. */

import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import { parseScopes, type Scope } from "../core/scope";
import type { Env } from "../env";
import { findVerificationKey, loadSigningKey, loadVerifiedTokens } from "./signing-keys";

/** The claims of an access token. */
export interface AccessClaims {
  /** Id of the account. */
  account: string;
  /** Name of the account, as in the storage URL. */
  user: string;
  /** Id of the grant. */
  grant: string;
  /** At most those of the grant when the token was signed. */
  scopes: Scope[];
  /** When the token expires, milliseconds since 1970; null: with its grant. */
  expiresAt: number | null;
}

const ALGORITHM = "HS256";
/** RFC 9068 §2.1: no other kind of JWT passes for an access token. */
const TOKEN_TYPE = "at+jwt";

/**
 * Signs an access token. `scope` is a scope parameter; `expiresAt` is in milliseconds since 1970,
 * null: valid as long as the grant.
 */
export async function signAccessToken(
  env: Env,
  claims: { account: string; user: string; grant: string; scope: string },
  expiresAt: number | null,
  now: number,
): Promise<string> {
  const { kid, secret } = await loadSigningKey(env, now);
  const { account, user, grant, scope } = claims;
  const token = new SignJWT({ user, grant, scope })
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid })
    .setSubject(account)
    .setIssuedAt(Math.floor(now / 1000));
  if (expiresAt !== null) token.setExpirationTime(Math.floor(expiresAt / 1000));
  return token.sign(secret);
}

/** The most verified tokens that an isolate caches. */
const MAX_CACHED_TOKENS = 10_000;

/** Verifies a token. Returns null if its signature is invalid or it has expired. */
export async function verifyAccessToken(
  env: Env,
  token: string,
  now: number,
): Promise<AccessClaims | null> {
  const cache = await loadVerifiedTokens<AccessClaims>(env, now);
  const claims = cache.get(token) ?? (await verifyJwt(env, token, now));
  if (claims === null || (claims.expiresAt !== null && claims.expiresAt <= now)) return null;
  if (cache.size >= MAX_CACHED_TOKENS && !cache.has(token)) cache.clear();
  cache.set(token, claims);
  return claims;
}

async function verifyJwt(env: Env, token: string, now: number): Promise<AccessClaims | null> {
  const kid = parseKid(token);
  const key = kid === null ? null : await findVerificationKey(env, kid, now);
  if (key === null) return null;
  try {
    const { payload } = await jwtVerify<Record<"user" | "grant" | "scope", unknown>>(
      token,
      key.secret,
      { algorithms: [ALGORITHM], typ: TOKEN_TYPE, currentDate: new Date(now) },
    );
    const { sub, user, grant, scope, exp } = payload;
    const claims = [sub, user, grant, scope];
    const scopes = typeof scope === "string" ? parseScopes(scope) : null;
    if (claims.some((claim) => typeof claim !== "string") || scopes === null) return null;
    return {
      account: sub as string,
      user: user as string,
      grant: grant as string,
      scopes,
      expiresAt: exp === undefined ? null : exp * 1000,
    };
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
