/** Refresh tokens in D1. Writes are idempotent, so they are safe to retry. */

import { DAY_MS } from "../../core/time";
import { withRetry } from "../../platform/retry";
import { redeemOnce, type Successor } from "./single-use";

interface RefreshTokenRow {
  hash: string;
  account: string;
  /** Name of the account. */
  user: string;
  grantId: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** Hash of the token that it was exchanged for; null: unused. */
  successor: string | null;
  /** Key from which that was made; null: unused, or exchanged by an earlier release. */
  successorKey: string | null;
  /** Scope of the grant; null: the grant was revoked or has expired. */
  scope: string | null;
  /** Milliseconds since 1970; null: valid until revoked. */
  grantExpiresAt: number | null;
}

/** A refresh token by its hash, expired and used ones included; null if not found. */
export const loadRefreshToken = (
  db: D1Database,
  hash: string,
  now: number,
): Promise<RefreshTokenRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT r.hash, r.account, a.name AS user, r.grant_id AS grantId,
                r.expires_at AS expiresAt, r.successor, r.successor_key AS successorKey,
                g.scope, g.expires_at AS grantExpiresAt
         FROM refresh_tokens r
         JOIN accounts a ON a.id = r.account
         LEFT JOIN grants g ON g.account = r.account AND g.id = r.grant_id
                           AND (g.expires_at IS NULL OR g.expires_at > ?2)
         WHERE r.hash = ?1`,
      )
      .bind(hash, now)
      .first(),
  );

/** Whether a refresh token exists, was issued after `since`, and has not been used. */
export async function isUnusedSince(db: D1Database, hash: string, since: number): Promise<boolean> {
  const query = db.prepare(
    "SELECT 1 FROM refresh_tokens WHERE hash = ?1 AND issued_at > ?2 AND successor IS NULL",
  );
  return (await withRetry(() => query.bind(hash, since).first())) !== null;
}

/** How long a used refresh token is kept, so that a replay of it is detected. */
const REPLAY_DETECTION_MS = 7 * DAY_MS;

/**
 * Exchanges a refresh token for the next one, unless it was exchanged before. Returns the key of the first
 * exchange, as `redeemOnce` does.
 */
export async function rotateRefreshToken(
  db: D1Database,
  token: RefreshTokenRow,
  next: Successor,
  now: number,
): Promise<string | null> {
  return redeemOnce(db, [
    db
      .prepare(
        `UPDATE refresh_tokens
         SET successor = ?2, successor_key = ?4, expires_at = min(expires_at, ?3)
         WHERE hash = ?1 AND successor IS NULL`,
      )
      .bind(token.hash, next.hash, now + REPLAY_DETECTION_MS, next.key),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, issued_at, expires_at)
         SELECT ?2, ?3, ?4, ?6, ?5
         WHERE EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = ?1 AND successor = ?2)
         ON CONFLICT DO NOTHING`,
      )
      .bind(token.hash, next.hash, token.account, token.grantId, next.expiresAt, now),
    db.prepare("SELECT successor_key AS key FROM refresh_tokens WHERE hash = ?1").bind(token.hash),
  ]);
}
