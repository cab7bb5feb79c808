/** Authorization codes in D1. Writes are idempotent, so they are safe to retry. */

import type { ActivityCondition } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import { deleteExpiredOfAccount, deleteLostGrants, mayHaveGrantSql } from "./grants";
import { redeemOnce, type Successor } from "./single-use";

interface CodeRow {
  hash: string;
  account: string;
  /** Name of the account. */
  user: string;
  /** Id that the grant will have. */
  grantId: string;
  redirectUri: string;
  challenge: string;
  scope: string;
  /** Milliseconds since 1970; null: valid until revoked. */
  grantExpiresAt: number | null;
  /** Milliseconds since 1970. */
  expiresAt: number;
  /** Hash of the refresh token that it was redeemed for; null: unused. */
  successor: string | null;
  /** Key from which that was made; null: unused, or redeemed by an earlier release. */
  successorKey: string | null;
}

interface NewCode extends Omit<CodeRow, "user" | "successor" | "successorKey"> {
  /** What the grant is to say of the app, as in `GrantRow`. */
  url: string;
  label: string | null;
  browser: string | null;
}

/**
 * Inserts a code. Returns false, without a change, if the account has as many grants as it may have.
 * `activity` comes after it in the same batch.
 */
export async function insertCode(
  db: D1Database,
  code: NewCode,
  activity: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      ...deleteExpiredOfAccount(db, code.account, now),
      db
        .prepare(
          `INSERT INTO codes (hash, account, grant_id, redirect_uri, app_url, label, browser, challenge,
                            scope, grant_expires_at, expires_at)
         SELECT ?1, ?2, ?3, ?4, ?9, ?10, ?11, ?5, ?6, ?7, ?8 WHERE ${mayHaveGrantSql("?2")}
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
          code.url,
          code.label,
          code.browser,
        ),
      ...activity,
      db.prepare("SELECT 1 FROM codes WHERE hash = ?1").bind(code.hash),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Condition of an activity entry: the code exists. */
export const codeExists = (hash: string): ActivityCondition => ({
  sql: "EXISTS (SELECT 1 FROM codes WHERE hash = :code)",
  values: { code: hash },
});

/** A code by its hash, expired and used ones included; null if not found. */
export const loadCode = (db: D1Database, hash: string): Promise<CodeRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT c.hash, c.account, a.name AS user, c.grant_id AS grantId,
                c.redirect_uri AS redirectUri, c.challenge, c.scope,
                c.grant_expires_at AS grantExpiresAt, c.expires_at AS expiresAt, c.successor,
                c.successor_key AS successorKey
         FROM codes c JOIN accounts a ON a.id = c.account
         WHERE c.hash = ?1`,
      )
      .bind(hash)
      .first(),
  );

/**
 * Redeems a code for a grant and its first refresh token, unless it was redeemed before. Returns the key of the
 * first redemption, as `redeemOnce` does.
 */
export async function redeemCode(
  db: D1Database,
  code: Pick<CodeRow, "hash" | "account" | "grantId">,
  origin: string,
  refresh: Successor,
  now: number,
): Promise<string | null> {
  return redeemOnce(db, [
    db
      .prepare(
        `UPDATE codes SET successor = ?2, successor_key = ?3
         WHERE hash = ?1 AND successor IS NULL`,
      )
      .bind(code.hash, refresh.hash, refresh.key),
    db
      .prepare(
        `INSERT INTO grants
           (account, id, origin, app_url, label, scope, flow, created_at, expires_at, browser)
         SELECT account, grant_id, ?4, app_url, label, scope, 'code', ?3, grant_expires_at, browser
         FROM codes WHERE hash = ?1 AND successor = ?2
         ON CONFLICT DO NOTHING`,
      )
      .bind(code.hash, refresh.hash, now, origin),
    deleteLostGrants(db, code.account, code.grantId, now),
    db
      .prepare(
        `INSERT INTO refresh_tokens (hash, account, grant_id, issued_at, expires_at)
         SELECT successor, account, grant_id, ?3, ?4 FROM codes WHERE hash = ?1 AND successor = ?2
         ON CONFLICT DO NOTHING`,
      )
      .bind(code.hash, refresh.hash, now, refresh.expiresAt),
    db.prepare("SELECT successor_key AS key FROM codes WHERE hash = ?1").bind(code.hash),
  ]);
}
