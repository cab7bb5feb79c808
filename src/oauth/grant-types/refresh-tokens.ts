/** Refresh tokens, rotated at every use: RFC 6749 §6, RFC 9700 §4.14.2. */

import type { Refusal } from "../../core/refusals";
import { formatScopes, isSubsetOf, parseScopes } from "../../core/scope";
import { sha256 } from "../../core/secrets";
import type { Env } from "../../env";
import { limitTokenRefresh } from "../../http/rate-limits";
import { loadRefreshToken, rotateRefreshToken } from "../db/refresh-tokens";
import type { StoreSuccessor } from "../db/single-use";
import { isReplay, redeem, revokeReplayedGrant } from "./redemption";
import { invalidGrant, type TokenOutcome } from "./token-response";

/** An account whose apps refresh far more often than their tokens expire. */
export interface LimitedRefresh {
  ok: false;
  limited: Refusal;
}

/**
 * Exchanges a refresh token for an access token and the next refresh token. Refuses with
 * `invalid_grant` when the token is unknown, expired or revoked, and with `invalid_scope` when the
 * requested scope exceeds the grant. A used token revokes its grant (RFC 9700 §4.14.2),
 * unless it is sent again at once.
 */
export async function exchangeRefreshToken(
  env: Env,
  token: string,
  requestedScope: string | null,
  now: number,
): Promise<TokenOutcome | LimitedRefresh> {
  const row = await loadRefreshToken(env.DB, await sha256(token), now);
  if (row === null) return invalidGrant("The refresh token is invalid.");
  if (await isReplay(env, row, now)) return revokeReplayedGrant(env, row, now);
  if (row.scope === null || row.expiresAt <= now) {
    return invalidGrant("The refresh token has expired or was revoked.");
  }
  const granted = parseScopes(row.scope) ?? [];
  const requested = requestedScope === null ? granted : parseScopes(requestedScope);
  if (requested === null || !isSubsetOf(requested, granted)) {
    const error_description = "scope exceeds the granted scope.";
    return { ok: false, error: { error: "invalid_scope", error_description } };
  }
  const limited = limitTokenRefresh(env, { grant: row.grantId, account: row.account }, now);
  if (limited) return { ok: false, limited };
  const rotate: StoreSuccessor = (next) => rotateRefreshToken(env.DB, row, next, now);
  return redeem(env, token, row, formatScopes(requested), rotate, now);
}
