/** What the token endpoint answers, whatever is redeemed there. */

import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { signAccessToken } from "./access-tokens";
import { revokeGrant } from "./grants";

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

export type TokenOutcome = { ok: true; response: TokenResponse } | { ok: false; error: TokenError };

/** What a code, a refresh token or a device code stands for. */
interface Redeemed {
  account: string;
  user: string;
  grantId: string;
  grantExpiresAt: number | null;
}

/** The tokens for what was redeemed. Nothing is written. */
export async function createTokenResponse(
  env: Env,
  redeemed: Redeemed,
  refreshToken: string,
  scope: string,
  now: number,
): Promise<TokenOutcome> {
  const { account, user, grantId, grantExpiresAt } = redeemed;
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

/** A refresh token that ends with its grant at the latest, and the hash that is kept of it. */
export async function createRefreshToken(env: Env, grantExpiresAt: number | null, now: number) {
  const token = randomSecret();
  const expiresAt = Math.min(
    now + settings(env).REFRESH_TOKEN_DAYS * DAY_MS,
    grantExpiresAt ?? Number.POSITIVE_INFINITY,
  );
  return { token, hash: await sha256(token), expiresAt };
}

/** What was used before is here again: either the app or a thief is holding it, so its grant ends. */
export async function revokeReplayedGrant(
  env: Env,
  { account, grantId }: { account: string; grantId: string },
  now: number,
): Promise<TokenOutcome> {
  await revokeGrant(env, account, grantId, "replay", now);
  return invalidGrant("This was used before; the app has been disconnected for safety.");
}

/** Refuses what was presented. */
export const invalidGrant = (error_description: string): TokenOutcome => ({
  ok: false,
  error: { error: "invalid_grant", error_description },
});
