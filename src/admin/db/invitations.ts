/** Invitations and the set-up link in D1. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { TimeCursor } from "../../ui/paging";
import {
  commitAction,
  executeAction,
  isCommittedSql,
  isPendingSql,
  type PendingAction,
} from "./audit-log";

/** An invitation. Times are milliseconds since 1970. */
export interface InvitationRow {
  /** SHA-256 of the secret: identifies the invitation, but cannot be used to sign up. */
  hash: string;
  note: string;
  maxUses: number;
  uses: number;
  quotaBytes: number | null;
  isAdmin: boolean;
  createdAt: number;
  expiresAt: number;
}

const SELECT_INVITATIONS = `
  SELECT i.hash, i.note, i.max_uses AS maxUses, i.quota_bytes AS quotaBytes,
         i.is_admin AS isAdmin, i.created_at AS createdAt, i.expires_at AS expiresAt,
         (SELECT count(*) FROM accounts u WHERE u.invitation = i.hash) AS uses
  FROM invitations i`;

type Row = Omit<InvitationRow, "isAdmin"> & { isAdmin: 0 | 1 };

const toInvitation = (row: Row): InvitationRow => ({ ...row, isAdmin: row.isAdmin === 1 });

/** Loads at most `limit` invitations, newest first, only those before `before` if it is given. */
export async function loadInvitations(
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<InvitationRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `${SELECT_INVITATIONS} WHERE (i.created_at, i.hash) < (?1, ?2)
         ORDER BY i.created_at DESC, i.hash DESC LIMIT ?3`,
      )
      .bind(before?.at ?? Number.MAX_SAFE_INTEGER, before?.id ?? "", limit)
      .all<Row>(),
  );
  return results.map(toInvitation);
}

/** Loads an invitation. Returns null if not found. */
export async function loadInvitationByHash(
  db: D1Database,
  hash: string,
): Promise<InvitationRow | null> {
  const row = await withRetry(() =>
    db.prepare(`${SELECT_INVITATIONS} WHERE i.hash = ?1`).bind(hash).first<Row>(),
  );
  return row && toInvitation(row);
}

/** Inserts an invitation. Returns false if the caller is not an administrator. */
export const insertInvitation = (
  db: D1Database,
  action: PendingAction,
  { hash, note, maxUses, quotaBytes, isAdmin, createdAt, expiresAt }: Omit<InvitationRow, "uses">,
): Promise<boolean> =>
  executeAction(db, action, "true", [
    db
      .prepare(
        `INSERT INTO invitations
           (hash, note, max_uses, quota_bytes, is_admin, created_at, expires_at)
         SELECT ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ${isPendingSql("?1", "?2")}
         ON CONFLICT DO NOTHING`,
      )
      .bind(
        action.at,
        action.id,
        hash,
        note,
        maxUses,
        quotaBytes,
        isAdmin ? 1 : 0,
        createdAt,
        expiresAt,
      ),
  ]);

/**
 * Ends the invitation now; accounts created with it stay. Returns false if the caller is not an
 * administrator.
 */
export const expireInvitation = (
  db: D1Database,
  action: PendingAction,
  hash: string,
): Promise<boolean> =>
  executeAction(db, action, "true", [
    db
      .prepare(
        `UPDATE invitations SET expires_at = min(expires_at, ?1)
         WHERE hash = ?3 AND ${isPendingSql("?1", "?2")}`,
      )
      .bind(action.at, action.id, hash),
  ]);

/**
 * SQL condition: the invitation with hash ?3 is a set-up link that is unused and unexpired at ?1. A
 * set-up link is an invitation for one account that grants the administrator role.
 */
const IS_SET_UP_LINK_VALID = `EXISTS (
  SELECT 1 FROM invitations i
  WHERE i.hash = ?3 AND i.is_admin = 1 AND i.max_uses = 1 AND i.expires_at > ?1
    AND NOT EXISTS (SELECT 1 FROM accounts u WHERE u.invitation = i.hash))`;

/** Whether the set-up link with this hash is unused and unexpired. */
export async function isSetUpHashValid(
  db: D1Database,
  hash: string,
  now: number,
): Promise<boolean> {
  const row = await withRetry(() =>
    db
      .prepare(`SELECT ${IS_SET_UP_LINK_VALID} AS isValid, ?2`)
      .bind(now, "", hash)
      .first<{ isValid: 0 | 1 }>(),
  );
  return row?.isValid === 1;
}

/**
 * Makes the account an administrator and deletes the set-up link. Returns false, and writes nothing, if
 * the link is not valid: if several accounts use it at once, one succeeds.
 */
export async function consumeSetUpLink(
  db: D1Database,
  { at, id }: TimeCursor,
  account: string,
  hash: string,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO admin_log (at, id, admin, kind, account, detail)
           SELECT ?1, ?2, name, 'set-up', name, '{}' FROM accounts
           WHERE id = ?4 AND suspended_at IS NULL AND deleted_at IS NULL
             AND ${IS_SET_UP_LINK_VALID} AND NOT ${isCommittedSql("?1", "?2")}
           ON CONFLICT DO NOTHING`,
        )
        .bind(at, id, hash, account),
      db
        .prepare(`UPDATE accounts SET is_admin = 1 WHERE id = ?3 AND ${isPendingSql("?1", "?2")}`)
        .bind(at, id, account),
      db
        .prepare(`DELETE FROM invitations WHERE hash = ?3 AND ${isPendingSql("?1", "?2")}`)
        .bind(at, id, hash),
      ...commitAction(db, { at, id }),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/**
 * Deletes expired invitations that nobody used, and used ones whose audit log entry is gone. (An
 * invitation and the log entry with its note have the same time.)
 */
export const deleteInvitationsExpiredAt = (db: D1Database, now: number): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM invitations WHERE expires_at <= ?1 AND (
         NOT EXISTS (SELECT 1 FROM accounts u WHERE u.invitation = invitations.hash)
         OR NOT EXISTS (SELECT 1 FROM admin_log
                        WHERE at = invitations.created_at AND kind = 'invitation-made'))`,
    )
    .bind(now);
