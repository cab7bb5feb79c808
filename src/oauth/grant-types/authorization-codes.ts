/** Authorization codes with PKCE: RFC 6749 §4.1, RFC 7636, §10.1. */

import { equalInConstantTime, randomId, randomSecret, sha256 } from "../../core/secrets";
import type { Env } from "../../env";
import { type Consent, consentActivity } from "../consent";
import { codeExists, insertCode, loadCode, redeemCode } from "../db/authorization-codes";
import type { StoreSuccessor } from "../db/single-use";
import { parseRedirectUri, type RedirectUri } from "../redirect-uri";
import { isReplay, redeem, revokeReplayedGrant } from "./redemption";
import { invalidGrant, type TokenOutcome } from "./token-response";

const CODE_LIFETIME_MS = 60_000;

/**
 * Issues a code for a consent. The grant is created when the code is redeemed. Returns null if the
 * account has as many grants as it may have.
 */
export async function issueCode(
  env: Env,
  consent: Consent,
  challenge: string,
  now: number,
): Promise<string | null> {
  const { account, app, redirectUri, scope, expiresAt: grantExpiresAt, browser } = consent;
  const code = randomSecret();
  const row = {
    hash: await sha256(code),
    account: account.id,
    grantId: randomId(),
    redirectUri: redirectUri.raw,
    url: app.url,
    label: app.label,
    browser,
    challenge,
    scope,
    grantExpiresAt,
    expiresAt: now + CODE_LIFETIME_MS,
  };
  const activity = consentActivity(env.DB, consent, codeExists(row.hash), now);
  return (await insertCode(env.DB, row, [activity], now)) ? code : null;
}

/**
 * Redeems a code for an access token and a refresh token. Refuses with `invalid_grant` when the code
 * is unknown, expired or used, or does not match the redirect_uri or the code_verifier. A used code
 * revokes its grant (RFC 6749 §4.1.2): either the app or a thief presents it. Only for a while after
 * the first time, the verifier can tell which.
 */
export async function exchangeCode(
  env: Env,
  code: string,
  redirectUri: string,
  verifier: string,
  now: number,
): Promise<TokenOutcome> {
  const row = await loadCode(env.DB, await sha256(code));
  if (row === null) return invalidGrant("The code is invalid.");
  const isUsed = row.successor !== null;
  if (!isUsed && row.expiresAt <= now) return invalidGrant("The code has expired.");
  const mismatch = await findMismatch(row, redirectUri, verifier);
  if (isUsed && (mismatch !== null || (await isReplay(env, row, now)))) {
    return revokeReplayedGrant(env, row, now);
  }
  if (mismatch !== null) return invalidGrant(mismatch);
  const { origin } = parseRedirectUri(redirectUri) as RedirectUri;
  const store: StoreSuccessor = (refresh) => redeemCode(env.DB, row, origin, refresh, now);
  return redeem(env, code, row, row.scope, store, now);
}

/** What of a token request does not match the authorization request; null if all does. */
async function findMismatch(
  row: { redirectUri: string; challenge: string },
  redirectUri: string,
  verifier: string,
): Promise<string | null> {
  if (row.redirectUri !== redirectUri) {
    return "redirect_uri does not match the authorization request.";
  }
  // RFC 7636 §4.6
  const isRightVerifier =
    /^[A-Za-z0-9\-._~]{43,128}$/.test(verifier) &&
    equalInConstantTime(await sha256(verifier), row.challenge);
  return isRightVerifier ? null : "code_verifier does not match code_challenge.";
}
