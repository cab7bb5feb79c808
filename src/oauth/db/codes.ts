/**
 * Codes and refresh tokens in D1. Every write comes to the same when it is repeated, so that one
 * whose answer got lost can be asked again.
 */

import { DAY_MS } from "../../core/time";
import { withRetry } from "../../platform/retry";

interface CodeRow {
  hash: string;
  account: string;
  user: string;
  grantId: string;
  redirectUri: string;
  challenge: string;
  scope: string;
  grantExpiresAt: number | null;
  expiresAt: number;
  successor: string | null;
}

/** Keeps a code until it is redeemed or expires. `alsoDo` comes in the same batch. */
export async function insertCode(
  db: D1Database,
  code: Omit<CodeRow, "user" | "successor">,
  alsoDo: D1PreparedStatement[],
): Promise<void> {
  await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO codes (hash, account, grant_id, redirect_uri, challenge, scope,
                            grant_expires_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO NOTHING`,
        )
        .bind(
          code.hash,
          code.account,
          code.grantId,
          code.redirectUri,
          code.challenge,
          code.scope,
          code.grantExpiresAt,
          code.expiresAt,
        ),
      ...alsoDo,
    ]),
  );
}

export const loadCode = (db: D1Database, hash: string): Promise<CodeRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT c.hash, c.account, a.name AS user, c.grant_id AS grantId,
                c.redirect_uri AS redirectUri, c.challenge, c.scope,
                c.grant_expires_at AS grantExpiresAt, c.expires_at AS expiresAt, c.successor
         FROM codes c JOIN accounts a ON a.id = c.account
         WHERE c.hash = ?1`,
      )
      .bind(hash)
      .first(),
  );

/**
 * Redeems a code for a grant and its first refresh token, if the code is still unused: the fresh
 * hash in `successor` says who was first. False, and nothing written, otherwise.
 */
export async function redeemCode(
  db: D1Database,
  code: CodeRow,
  app: { origin: string; appUrl: string },
  refresh: { hash: string; expiresAt: number },
  now: number,
): Promise<boolean> {
  const isFirst = "EXISTS (SELECT 1 FROM codes WHERE hash = ?1 AND successor = ?2)";
  return redeemOnce(db, refresh.hash, [
    db
      .prepare("UPDATE codes SET successor = ?2 WHERE hash = ?1 AND successor IS NULL")
      .bind(code.hash, refresh.hash),
    db
      .prepare(
        `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
         SELECT ?3, ?4, ?5, ?6, ?7, 'code', ?8, ?9 WHERE ${isFirst}
         ON CONFLICT DO NOTHING`,
      )
      .bind(
        code.hash,
        refresh.hash,
        code.account,
        code.grantId,
        app.origin,
        app.appUrl,
        code.scope,
        now,
        code.grantExpiresAt,
      ),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, expires_at)
         SELECT ?2, ?3, ?4, ?5 WHERE ${isFirst}
         ON CONFLICT DO NOTHING`,
      )
      .bind(code.hash, refresh.hash, code.account, code.grantId, refresh.expiresAt),
    db.prepare("SELECT successor FROM codes WHERE hash = ?1").bind(code.hash),
  ]);
}

/** Runs an exchange, whose last statement tells the successor, and says whether this was made. */
export async function redeemOnce(
  db: D1Database,
  hash: string,
  exchange: D1PreparedStatement[],
): Promise<boolean> {
  const answers = await withRetry(() => db.batch<{ successor: string | null }>(exchange));
  return answers.at(-1)?.results[0]?.successor === hash;
}

interface RefreshTokenRow {
  hash: string;
  account: string;
  user: string;
  grantId: string;
  expiresAt: number;
  successor: string | null;
  /** Null: the grant does not stand any more. */
  scope: string | null;
  grantExpiresAt: number | null;
}

export const loadRefreshToken = (
  db: D1Database,
  hash: string,
  now: number,
): Promise<RefreshTokenRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT r.hash, r.account, a.name AS user, r.grant_id AS grantId,
                r.expires_at AS expiresAt, r.successor, g.scope, g.expires_at AS grantExpiresAt
         FROM refresh_tokens r
         JOIN accounts a ON a.id = r.account
         LEFT JOIN grants g ON g.account = r.account AND g.id = r.grant_id
                           AND (g.expires_at IS NULL OR g.expires_at > ?2)
         WHERE r.hash = ?1`,
      )
      .bind(hash, now)
      .first(),
  );

/** A used refresh token is remembered this long, so that a replay is known for one. */
const REPLAY_DETECTION_MS = 7 * DAY_MS;

/** Exchanges a refresh token for the next one, if it is still unused. False otherwise. */
export async function rotateRefreshToken(
  db: D1Database,
  token: RefreshTokenRow,
  next: { hash: string; expiresAt: number },
  now: number,
): Promise<boolean> {
  return redeemOnce(db, next.hash, [
    db
      .prepare(
        `UPDATE refresh_tokens SET successor = ?2, expires_at = min(expires_at, ?3)
         WHERE hash = ?1 AND successor IS NULL`,
      )
      .bind(token.hash, next.hash, now + REPLAY_DETECTION_MS),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, expires_at)
         SELECT ?2, ?3, ?4, ?5
         WHERE EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = ?1 AND successor = ?2)
         ON CONFLICT DO NOTHING`,
      )
      .bind(token.hash, next.hash, token.account, token.grantId, next.expiresAt),
    db.prepare("SELECT successor FROM refresh_tokens WHERE hash = ?1").bind(token.hash),
  ]);
}
