/** Invitations in D1, and the set-up link, which is one. Every write comes to the same when repeated. */

import { withRetry } from "../../platform/retry";
import type { TimeCursor } from "../../ui/paging";
import { actStands, finishAct, isDone, type NewAct, runAct } from "./log";

/** An invitation as it stands in its row. Times are milliseconds since 1970. */
export interface InvitationRow {
  /** SHA-256 of the secret: names the invitation, and lets nobody in. */
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

const invitationOf = (row: Row): InvitationRow => ({ ...row, isAdmin: row.isAdmin === 1 });

/** The newest first. */
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
  return results.map(invitationOf);
}

/** Null if there is none. */
export async function loadInvitation(db: D1Database, hash: string): Promise<InvitationRow | null> {
  const row = await withRetry(() =>
    db.prepare(`${SELECT_INVITATIONS} WHERE i.hash = ?1`).bind(hash).first<Row>(),
  );
  return row && invitationOf(row);
}

export const insertInvitation = (
  db: D1Database,
  act: NewAct,
  { hash, note, maxUses, quotaBytes, isAdmin, createdAt, expiresAt }: Omit<InvitationRow, "uses">,
): Promise<boolean> =>
  runAct(db, act, "true", [
    db
      .prepare(
        `INSERT INTO invitations
           (hash, note, max_uses, quota_bytes, is_admin, created_at, expires_at)
         SELECT ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE ${actStands("?1", "?2")}
         ON CONFLICT DO NOTHING`,
      )
      .bind(act.at, act.id, hash, note, maxUses, quotaBytes, isAdmin ? 1 : 0, createdAt, expiresAt),
  ]);

/** It is over from now on; who has come by it stays. */
export const revokeInvitation = (db: D1Database, act: NewAct, hash: string): Promise<boolean> =>
  runAct(db, act, "true", [
    db
      .prepare(
        `UPDATE invitations SET expires_at = min(expires_at, ?1)
         WHERE hash = ?3 AND ${actStands("?1", "?2")}`,
      )
      .bind(act.at, act.id, hash),
  ]);

/** Whether an invitation makes one person, who has an account already, an administrator. */
const IS_SET_UP = `EXISTS (
  SELECT 1 FROM invitations i
  WHERE i.hash = ?3 AND i.is_admin = 1 AND i.max_uses = 1 AND i.expires_at > ?1
    AND NOT EXISTS (SELECT 1 FROM accounts u WHERE u.invitation = i.hash))`;

/** Whether the set-up link is good still. */
export async function isSetUp(db: D1Database, hash: string, now: number): Promise<boolean> {
  const row = await withRetry(() =>
    db.prepare(`SELECT ${IS_SET_UP} AS isGood, ?2`).bind(now, "", hash).first<{ isGood: 0 | 1 }>(),
  );
  return row?.isGood === 1;
}

/**
 * Makes an account one of an administrator by a set-up link, which is gone then. False, and nothing
 * written, if the link is not good: of many who use it at once, one is first.
 */
export async function useSetUp(
  db: D1Database,
  { at, id }: TimeCursor,
  account: string,
  hash: string,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO admin_log (at, id, admin, kind, account, detail)
           SELECT ?1, ?2, name, 'set-up', name, '{}' FROM accounts
           WHERE id = ?4 AND suspended_at IS NULL AND deleted_at IS NULL
             AND ${IS_SET_UP} AND NOT ${isDone("?1", "?2")}
           ON CONFLICT DO NOTHING`,
        )
        .bind(at, id, hash, account),
      db
        .prepare(`UPDATE accounts SET is_admin = 1 WHERE id = ?3 AND ${actStands("?1", "?2")}`)
        .bind(at, id, account),
      db
        .prepare(`DELETE FROM invitations WHERE hash = ?3 AND ${actStands("?1", "?2")}`)
        .bind(at, id, hash),
      ...finishAct(db, { at, id }),
    ]),
  );
  return answers.at(-1)?.results.length === 1;
}

/** An invitation and the line of the log that says for whom it is were made at the same time. */
export const deleteOldInvitations = (db: D1Database, now: number): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM invitations WHERE expires_at <= ?1 AND (
         NOT EXISTS (SELECT 1 FROM accounts u WHERE u.invitation = invitations.hash)
         OR NOT EXISTS (SELECT 1 FROM admin_log
                        WHERE at = invitations.created_at AND kind = 'invitation-made'))`,
    )
    .bind(now);
