/** Responses of the token endpoint, shared by all grant types: RFC 6749 §5. */

import { type Env, settings } from "../../env";
import { signAccessToken } from "../access-tokens";

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
export interface RedeemedGrant {
  account: string;
  user: string;
  grantId: string;
  grantExpiresAt: number | null;
}

/** Signs an access token, and returns what makes the response with the refresh token. Writes nothing. */
export async function createTokenResponse(
  env: Env,
  grant: RedeemedGrant,
  scope: string,
  now: number,
): Promise<(refreshToken: string) => TokenOutcome> {
  const { account, user, grantId, grantExpiresAt } = grant;
  const lifetimeMs = settings(env).ACCESS_TOKEN_SECONDS * 1000;
  const expiresAt = Math.min(now + lifetimeMs, grantExpiresAt ?? Number.POSITIVE_INFINITY);
  const claims = { account, user, grant: grantId, scope };
  const access = {
    access_token: await signAccessToken(env, claims, expiresAt, now),
    token_type: "bearer",
    expires_in: Math.floor((expiresAt - now) / 1000),
  } as const;
  return (refresh_token) => ({ ok: true, response: { ...access, refresh_token, scope } });
}

/** Refuses with `invalid_grant`. */
export const invalidGrant = (error_description: string): TokenOutcome => ({
  ok: false,
  error: { error: "invalid_grant", error_description },
});
