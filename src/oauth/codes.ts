/** Authorization codes with PKCE and refresh tokens: RFC 6749 §4.1.3, §6, RFC 7636, §10.1. */

import { formatScopes, isSubsetOf, parseScopes } from "../core/scope";
import { equalInConstantTime, randomId, randomSecret, sha256 } from "../core/secrets";
import type { Env } from "../env";
import { insertCode, loadCode, loadRefreshToken, redeemCode, rotateRefreshToken } from "./db/codes";
import { type Consent, recordConsent } from "./grants";
import { parseRedirectUri, type RedirectUri } from "./redirect-uri";
import {
  createRefreshToken,
  createTokenResponse,
  invalidGrant,
  revokeReplayedGrant,
  type TokenOutcome,
} from "./token-response";

const CODE_LIFETIME_MS = 60_000;

/** Makes a code for what was allowed. The grant comes into being when the code is redeemed. */
export async function issueCode(
  env: Env,
  allowed: Consent,
  challenge: string,
  now: number,
): Promise<string> {
  const { account, redirectUri, scope, expiresAt: grantExpiresAt } = allowed;
  const code = randomSecret();
  const hash = await sha256(code);
  const expiresAt = now + CODE_LIFETIME_MS;
  const row = {
    hash,
    account: account.id,
    grantId: randomId(),
    redirectUri: redirectUri.raw,
    challenge,
    scope,
    grantExpiresAt,
    expiresAt,
  };
  await insertCode(env.DB, row, [recordConsent(env.DB, allowed, now)]);
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
  if (row.successor !== null) return revokeReplayedGrant(env, row, now);
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
  const refresh = await createRefreshToken(env, row.grantExpiresAt, now);
  // Signed first: if no key can be read, the code is not used up for nothing.
  const response = await createTokenResponse(env, row, refresh.token, row.scope, now);
  return (await redeemCode(env.DB, row, app, refresh, now))
    ? response
    : revokeReplayedGrant(env, row, now);
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
  if (row.successor !== null) return revokeReplayedGrant(env, row, now);
  if (row.scope === null || row.expiresAt <= now) {
    return invalidGrant("The refresh token has expired or was revoked.");
  }
  const granted = parseScopes(row.scope) ?? [];
  const wanted = wantedScope === null ? granted : parseScopes(wantedScope);
  if (wanted === null || !isSubsetOf(wanted, granted)) {
    const error_description = "scope goes beyond what was granted.";
    return { ok: false, error: { error: "invalid_scope", error_description } };
  }
  const next = await createRefreshToken(env, row.grantExpiresAt, now);
  const response = await createTokenResponse(env, row, next.token, formatScopes(wanted), now);
  return (await rotateRefreshToken(env.DB, row, next, now))
    ? response
    : revokeReplayedGrant(env, row, now);
}
