/**
 * Grants in D1. Every write comes to the same when it is
 * repeated, so that one whose answer got lost can be asked again.
 */

import { askPatiently } from "../http/patience";

export interface GrantRow {
  account: string;
  id: string;
  origin: string;
  appUrl: string;
  scope: string;
  flow: "implicit" | "code";
  createdAt: number;
  expiresAt: number | null;
}

/** Makes a grant. Its id has to be fresh. */
export async function insertGrant(db: D1Database, grant: GrantRow): Promise<void> {
  const { account, id, origin, appUrl, scope, flow, createdAt, expiresAt } = grant;
  await askPatiently(() =>
    db
      .prepare(
        `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO NOTHING`,
      )
      .bind(account, id, origin, appUrl, scope, flow, createdAt, expiresAt)
      .run(),
  );
}

/** The grant if it stands, and since when its account is suspended. */
export const selectGrant = (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT g.scope, a.suspended_at AS suspendedAt
       FROM grants g JOIN accounts a ON a.id = g.account
       WHERE g.account = ?1 AND g.id = ?2 AND (g.expires_at IS NULL OR g.expires_at > ?3)`,
    )
    .bind(account, id, now);

/** All grants of an account that stand, the oldest first. */
export async function loadGrants(
  db: D1Database,
  account: string,
  now: number,
): Promise<GrantRow[]> {
  const { results } = await askPatiently(() =>
    db
      .prepare(
        `SELECT account, id, origin, app_url AS appUrl, scope, flow, created_at AS createdAt,
                expires_at AS expiresAt
         FROM grants
         WHERE account = ?1 AND (expires_at IS NULL OR expires_at > ?2)
         ORDER BY created_at`,
      )
      .bind(account, now)
      .all<GrantRow>(),
  );
  return results;
}

/** Revokes a grant; nothing happens if it is gone. */
export async function deleteGrant(db: D1Database, account: string, id: string): Promise<void> {
  await askPatiently(() =>
    db.prepare("DELETE FROM grants WHERE account = ?1 AND id = ?2").bind(account, id).run(),
  );
}

/** Revokes all grants that an account has given to an app, and the codes that could make one. */
export async function deleteGrantsOf(
  db: D1Database,
  account: string,
  origin: string,
): Promise<void> {
  await askPatiently(() =>
    db.batch([
      db.prepare("DELETE FROM grants WHERE account = ?1 AND origin = ?2").bind(account, origin),
      // Of any app: a code lives for a minute, and an app whose code is gone asks again.
      db.prepare("DELETE FROM codes WHERE account = ?1 AND successor IS NULL").bind(account),
    ]),
  );
}

export const deleteExpiredGrants = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["grants", "codes", "refresh_tokens"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
