/** Authorization codes with PKCE and refresh tokens: RFC 6749 §4.1.3, §6, RFC 7636, §10.1. */

import { formatScopes, isWithin, parseScopes } from "../core/scope";
import { equalInConstantTime, randomId, randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import {
  insertCode,
  loadCode,
  loadRefreshToken,
  redeemCode,
  rotateRefreshToken,
} from "./code-repo";
import { deleteGrant } from "./grant-repo";
import type { Allowed } from "./grants";
import { parseRedirectUri, type RedirectUri } from "./redirect-uri";
import { signAccessToken } from "./tokens";

const CODE_LIFETIME_MS = 60_000;

/** RFC 6749 §5.1. */
interface TokenResponse {
  access_token: string;
  token_type: "bearer";
  /** Seconds. */
  expires_in: number;
  refresh_token: string;
  scope: string;
}

/** RFC 6749 §5.2. */
export interface TokenError {
  error: "invalid_request" | "invalid_grant" | "invalid_scope" | "unsupported_grant_type";
  error_description: string;
}

export type TokenOutcome = { ok: true; response: TokenResponse } | { ok: false; error: TokenError };

/** Makes a code for what was allowed. The grant comes into being when the code is redeemed. */
export async function issueCode(
  env: Env,
  { account, redirectUri, scope, expiresAt: grantExpiresAt }: Allowed,
  challenge: string,
  now: number,
): Promise<string> {
  const code = randomSecret();
  const hash = await sha256(code);
  const expiresAt = now + CODE_LIFETIME_MS;
  await insertCode(env.DB, {
    hash,
    account: account.id,
    grantId: randomId(),
    redirectUri: redirectUri.raw,
    challenge,
    scope,
    grantExpiresAt,
    expiresAt,
  });
  return code;
}

/**
 * Redeems a code. Refuses with `invalid_grant` one that is unknown, expired, used, or meant for
 * another redirect_uri or verifier. A used one revokes its grant (RFC 6749 §4.1.2): either the app
 * or a thief is holding it, and nobody knows who.
 */
export async function exchangeCode(
  env: Env,
  code: string,
  redirectUri: string,
  verifier: string,
  now: number,
): Promise<TokenOutcome> {
  const row = await loadCode(env.DB, await sha256(code));
  if (row === null) return invalidGrant("The code is not valid.");
  if (row.successor !== null) return revokeReplayed(env, row);
  if (row.expiresAt <= now) return invalidGrant("The code has expired.");
  if (row.redirectUri !== redirectUri) {
    return invalidGrant("redirect_uri is not that of the authorization request.");
  }
  // RFC 7636 §4.6
  const isRightVerifier =
    /^[A-Za-z0-9\-._~]{43,128}$/.test(verifier) &&
    equalInConstantTime(await sha256(verifier), row.challenge);
  if (!isRightVerifier) return invalidGrant("code_verifier does not fit the challenge.");

  const app = parseRedirectUri(redirectUri) as RedirectUri;
  const refresh = await newRefreshToken(env, row.grantExpiresAt, now);
  // Signed first: if no key can be read, the code is not used up for nothing.
  const response = await tokenResponse(env, row, refresh.token, row.scope, now);
  return (await redeemCode(env.DB, row, app, refresh, now)) ? response : revokeReplayed(env, row);
}

/**
 * Exchanges a refresh token for an access token and the next refresh token. Refuses with
 * `invalid_grant` one that is unknown, expired or revoked, and with `invalid_scope` a wish for
 * more than was granted. A used one revokes its grant (RFC 9700 §4.14.2).
 */
export async function exchangeRefreshToken(
  env: Env,
  token: string,
  wantedScope: string | null,
  now: number,
): Promise<TokenOutcome> {
  const row = await loadRefreshToken(env.DB, await sha256(token), now);
  if (row === null) return invalidGrant("The refresh token is not valid.");
  if (row.successor !== null) return revokeReplayed(env, row);
  if (row.scope === null || row.expiresAt <= now) {
    return invalidGrant("The refresh token has expired or was revoked.");
  }
  const granted = parseScopes(row.scope) ?? [];
  const wanted = wantedScope === null ? granted : parseScopes(wantedScope);
  if (wanted === null || !isWithin(wanted, granted)) {
    const error_description = "scope goes beyond what was granted.";
    return { ok: false, error: { error: "invalid_scope", error_description } };
  }
  const next = await newRefreshToken(env, row.grantExpiresAt, now);
  const response = await tokenResponse(env, row, next.token, formatScopes(wanted), now);
  return (await rotateRefreshToken(env.DB, row, next)) ? response : revokeReplayed(env, row);
}

interface Redeemed {
  account: string;
  user: string;
  grantId: string;
  grantExpiresAt: number | null;
}

async function tokenResponse(
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

async function newRefreshToken(env: Env, grantExpiresAt: number | null, now: number) {
  const token = randomSecret();
  const expiresAt = Math.min(
    now + settings(env).REFRESH_TOKEN_DAYS * DAY_MS,
    grantExpiresAt ?? Number.POSITIVE_INFINITY,
  );
  return { token, hash: await sha256(token), expiresAt };
}

async function revokeReplayed(
  env: Env,
  { account, grantId }: { account: string; grantId: string },
): Promise<TokenOutcome> {
  await deleteGrant(env.DB, account, grantId);
  return invalidGrant("This was used before; the app has been disconnected for safety.");
}

const invalidGrant = (error_description: string): TokenOutcome => ({
  ok: false,
  error: { error: "invalid_grant", error_description },
});
