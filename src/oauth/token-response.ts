/** Responses of the token endpoint, shared by all grant types: RFC 6749 §5. */

import { hmacSha256, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { signAccessToken } from "./access-tokens";
import { isUnusedSince } from "./db/refresh-tokens";
import { revokeGrant } from "./grants";
import { loadSigningKey } from "./signing-keys";

/** RFC 6749 §5.1. */
interface TokenResponse {
  access_token: string;
  token_type: "bearer";
  /** Seconds. */
  expires_in: number;
  refresh_token: string;
  scope: string;
}

/** RFC 6749 §5.2, RFC 8628 §3.5. */
export interface TokenError {
  error:
    | "invalid_request"
    | "invalid_grant"
    | "invalid_scope"
    | "unsupported_grant_type"
    | "authorization_pending"
    | "slow_down"
    | "access_denied"
    | "expired_token";
  error_description: string;
}

/** The response of the token endpoint, or an error. */
export type TokenOutcome = { ok: true; response: TokenResponse } | { ok: false; error: TokenError };

/** What a code, a refresh token or a device code is redeemed for. */
interface RedeemedGrant {
  account: string;
  user: string;
  grantId: string;
  grantExpiresAt: number | null;
}

/** Signs an access token and returns it with the refresh token. Writes nothing. */
export async function createTokenResponse(
  env: Env,
  grant: RedeemedGrant,
  refreshToken: string,
  scope: string,
  now: number,
): Promise<TokenOutcome> {
  const { account, user, grantId, grantExpiresAt } = grant;
  const lifetimeMs = settings(env).ACCESS_TOKEN_SECONDS * 1000;
  const expiresAt = Math.min(now + lifetimeMs, grantExpiresAt ?? Number.POSITIVE_INFINITY);
  const claims = { account, user, grant: grantId, scope };
  const response: TokenResponse = {
    access_token: await signAccessToken(env, claims, expiresAt, now),
    token_type: "bearer",
    expires_in: Math.floor((expiresAt - now) / 1000),
    refresh_token: refreshToken,
    scope,
  };
  return { ok: true, response };
}

/**
 * Creates the refresh token that a code or the previous token is redeemed for. It expires with its
 * grant at the latest. Only its hash is stored, and it is the same for the same `secret`: whoever sends
 * a request again, because the response was lost, gets it again.
 */
export async function createRefreshToken(
  env: Env,
  secret: string,
  grantExpiresAt: number | null,
  now: number,
) {
  const key = await loadSigningKey(env, now);
  const token = await hmacSha256(key.secret, `refresh token after ${secret}`);
  const expiresAt = Math.min(
    now + settings(env).REFRESH_TOKEN_DAYS * DAY_MS,
    grantExpiresAt ?? Number.POSITIVE_INFINITY,
  );
  return { token, hash: await sha256(token), expiresAt };
}

/**
 * How long a code or token that was redeemed is redeemed again, for the same: two tabs of an app that
 * renew their access at once, or an app whose connection was cut, have done nothing wrong. A thief gains
 * nothing: the next exchange by either of the two reveals the other (RFC 9700 §4.14.2).
 */
const REPEAT_MS = 60_000;

/** Whether a code or token that was redeemed for `successor`, a hash, may be redeemed again. */
export const mayRepeat = (env: Env, successor: string, now: number): Promise<boolean> =>
  isUnusedSince(env.DB, successor, now - REPEAT_MS);

/** Revokes the grant of a used code or token: either the app or a thief has presented it again. */
export async function revokeReplayedGrant(
  env: Env,
  { account, grantId }: { account: string; grantId: string },
  now: number,
): Promise<TokenOutcome> {
  await revokeGrant(env, account, grantId, "replay", now);
  return invalidGrant("Already used; the grant has been revoked.");
}

/** Refuses with `invalid_grant`. */
export const invalidGrant = (error_description: string): TokenOutcome => ({
  ok: false,
  error: { error: "invalid_grant", error_description },
});
