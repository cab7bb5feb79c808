/**
 * Redeems codes and refresh tokens for tokens: each once, but a request that is sent again, because the response
 * was lost, gets the same refresh token again.
 */

import { hmacSha256, randomSecret, sha256 } from "../../core/secrets";
import { DAY_MS } from "../../core/time";
import { type Env, settings } from "../../env";
import { isUnusedSince } from "../db/refresh-tokens";
import type { StoreSuccessor } from "../db/single-use";
import { revokeGrant } from "../grants";
import {
  createTokenResponse,
  invalidGrant,
  type RedeemedGrant,
  type TokenOutcome,
} from "./token-response";

/** What a code or token was redeemed for; both are null if it is unused. */
interface Redemption {
  /** Hash of the refresh token. */
  successor: string | null;
  /** Key with which that was made; null with a successor: an earlier release made it. */
  successorKey: string | null;
}

/**
 * Redeems a code or token for an access token and a refresh token; if it was redeemed before, for the same
 * refresh token again. `store` redeems it in D1, unless it was redeemed meanwhile, and returns the key of the first
 * redemption; null: the code or token is gone. Refuses with `invalid_grant` then.
 */
export async function redeem(
  env: Env,
  secret: string,
  grant: RedeemedGrant & Redemption,
  scope: string,
  store: StoreSuccessor,
  now: number,
): Promise<TokenOutcome> {
  const { successorKey, grantExpiresAt } = grant;
  const key = successorKey ?? randomSecret();
  const token = await deriveRefreshToken(secret, key);
  // Sign before redeeming: if no signing key can be loaded, the code or token stays usable.
  const respond = await createTokenResponse(env, grant, scope, now);
  if (successorKey !== null) return respond(token);
  const expiresAt = Math.min(
    now + settings(env).REFRESH_TOKEN_DAYS * DAY_MS,
    grantExpiresAt ?? Number.POSITIVE_INFINITY,
  );
  const firstKey = await store({ hash: await sha256(token), key, expiresAt });
  if (firstKey === null) return invalidGrant("The grant was revoked.");
  return respond(firstKey === key ? token : await deriveRefreshToken(secret, firstKey));
}

/**
 * The refresh token that a code or the previous token is redeemed for. Only its hash is stored, and its key, from
 * which nobody learns it without `secret`. The key is random, not the signing key: two isolates may sign with
 * different ones, and of a key that was replaced nothing could be made again.
 */
const deriveRefreshToken = (secret: string, key: string): Promise<string> =>
  hmacSha256(key, `refresh token after ${secret}`);

/**
 * How long a code or token that was redeemed is redeemed again, for the same: two tabs of an app that
 * renew their access at once, or an app whose connection was cut, have done nothing wrong. A thief gains
 * nothing: the next exchange by either of the two reveals the other (RFC 9700 §4.14.2).
 */
const REPEAT_MS = 60_000;

/** Whether a code or token was used, and may not be redeemed again: either the app or a thief presents it. */
export async function isReplay(
  env: Env,
  { successor, successorKey }: Redemption,
  now: number,
): Promise<boolean> {
  if (successor === null) return false;
  return successorKey === null || !(await isUnusedSince(env.DB, successor, now - REPEAT_MS));
}

/** Revokes the grant of a used code or token: either the app or a thief has presented it again. */
export async function revokeReplayedGrant(
  env: Env,
  { account, grantId }: { account: string; grantId: string },
  now: number,
): Promise<TokenOutcome> {
  await revokeGrant(env, account, grantId, "replay", now);
  return invalidGrant("Already used; the grant has been revoked.");
}
