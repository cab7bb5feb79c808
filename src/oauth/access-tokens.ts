/** Access tokens: JWTs that name a grant, and are valid only while the grant is. */

import * as v from "valibot";
import { parseScopes, type Scope } from "../core/scope";
import type { Env } from "../env";
import { loadVerifiedTokens, signToken, verifyToken } from "./signing-keys";

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

/** RFC 9068 §2.1: no other kind of JWT passes for an access token. */
const TOKEN_TYPE = "at+jwt";

/**
 * Signs an access token. `scope` is a scope parameter; `expiresAt` is in milliseconds since 1970,
 * null: valid as long as the grant.
 */
export function signAccessToken(
  env: Env,
  claims: { account: string; user: string; grant: string; scope: string },
  expiresAt: number | null,
  now: number,
): Promise<string> {
  const { account, user, grant, scope } = claims;
  const issued = { user, grant, scope, sub: account, iat: Math.floor(now / 1000) };
  const exp = expiresAt === null ? {} : { exp: Math.floor(expiresAt / 1000) };
  return signToken(env, TOKEN_TYPE, { ...issued, ...exp }, now);
}

/** Verifies a token. Returns null if its signature is invalid or it has expired. */
export async function verifyAccessToken(
  env: Env,
  token: string,
  now: number,
): Promise<AccessClaims | null> {
  const cache = await loadVerifiedTokens<AccessClaims>(env, now);
  const claims = cache.get(token) ?? (await parseToken(env, token, now));
  if (claims === null || (claims.expiresAt !== null && claims.expiresAt <= now)) return null;
  cache.set(token, claims);
  return claims;
}

const Claims = v.object({
  sub: v.string(),
  user: v.string(),
  grant: v.string(),
  scope: v.string(),
  exp: v.optional(v.number()),
});

/** Verifies a token that is not in the cache. */
async function parseToken(env: Env, token: string, now: number): Promise<AccessClaims | null> {
  const claims = v.safeParse(Claims, await verifyToken(env, TOKEN_TYPE, token, now));
  if (!claims.success) return null;
  const { sub: account, user, grant, scope, exp } = claims.output;
  const scopes = parseScopes(scope);
  const expiresAt = exp === undefined ? null : exp * 1000;
  return scopes && { account, user, grant, scopes, expiresAt };
}
