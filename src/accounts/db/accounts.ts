/**
 * Accounts in D1. Every write comes to the same when it is repeated, so that one whose answer got
 * lost can be asked again.
 */

import { withRetry } from "../../platform/retry";

export interface Account {
  id: string;
  name: string;
  isAdmin: boolean;
}

/** An account as it stands in its row. */
export interface AccountRow {
  id: string;
  name: string;
  isAdmin: 0 | 1;
}

/** What an account is made of. */
export interface NewAccount {
  id: string;
  name: string;
  /** Hash of the secret of the invitation that the person has come with. */
  invitation: string | null;
}

/**
 * Makes an account, with a statement that gives it its first credential, in one batch: there is never
 * an account that nobody can enter. Nothing is written if the name is taken, was ever taken, or if
 * there has to be an invitation and it is not good, or used up: each account that names it is a use.
 */
export async function insertAccount(
  db: D1Database,
  { id, name, invitation }: NewAccount,
  credential: D1PreparedStatement,
  isOpen: boolean,
  now: number,
): Promise<"made" | "name-taken" | "not-invited"> {
  const answers = await withRetry(() =>
    db.batch<{ id: string }>([
      db
        .prepare(
          `INSERT INTO accounts
             (id, name, created_at, seen_at, invitation, quota_bytes, is_admin)
           SELECT ?1, ?2, ?3, ?3, i.hash, i.quota_bytes, coalesce(i.is_admin, 0)
           FROM (SELECT 1)
           LEFT JOIN invitations i ON i.hash = ?4 AND i.expires_at > ?3
             AND (SELECT count(*) FROM accounts u WHERE u.invitation = ?4) < i.max_uses
           WHERE ?5 OR i.hash IS NOT NULL
           ON CONFLICT DO NOTHING`,
        )
        .bind(id, name, now, invitation, isOpen ? 1 : 0),
      credential,
      // Whoever becomes an administrator by an invitation stands in the log of their acts.
      db
        .prepare(
          `INSERT INTO admin_log (at, id, admin, kind, account, detail)
           SELECT ?2, ?1 || '_', name, 'set-up', name, '{}' FROM accounts
           WHERE id = ?1 AND is_admin = 1
           ON CONFLICT DO NOTHING`,
        )
        .bind(id, now),
      db.prepare("SELECT id FROM accounts WHERE name = ?1").bind(name),
    ]),
  );
  const [holder] = answers.at(-1)?.results ?? [];
  if (holder === undefined) return "not-invited";
  return holder.id === id ? "made" : "name-taken";
}

/** Gives a new account its password; for `insertAccount`. */
export const insertPassword = (
  db: D1Database,
  account: string,
  hash: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `INSERT INTO passwords (account, hash, created_at)
       SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)
       ON CONFLICT DO NOTHING`,
    )
    .bind(account, hash, now);

/** An account that was not deleted, with what is needed to let somebody in. */
export async function loadAccount(
  db: D1Database,
  name: string,
): Promise<(Account & { hash: string | null; isSuspended: boolean }) | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT a.id, a.name, a.is_admin AS isAdmin, p.hash, a.suspended_at AS suspendedAt
         FROM accounts a LEFT JOIN passwords p ON p.account = a.id
         WHERE a.name = ?1 AND a.deleted_at IS NULL`,
      )
      .bind(name)
      .first<AccountRow & { hash: string | null; suspendedAt: number | null }>(),
  );
  if (row === null) return null;
  const { id, isAdmin, hash, suspendedAt } = row;
  return { id, name, isAdmin: isAdmin === 1, hash, isSuspended: suspendedAt !== null };
}

/** What comes with an invitation; null if it is not good for one more account. */
export async function loadInvitation(
  db: D1Database,
  invitation: string,
  now: number,
): Promise<{ isAdmin: boolean } | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT i.is_admin AS isAdmin FROM invitations i WHERE i.hash = ?1 AND i.expires_at > ?2
           AND (SELECT count(*) FROM accounts u WHERE u.invitation = ?1) < i.max_uses`,
      )
      .bind(invitation, now)
      .first<{ isAdmin: 0 | 1 }>(),
  );
  return row && { isAdmin: row.isAdmin === 1 };
}

/** Whether a name was ever given to somebody. */
export async function isTaken(db: D1Database, name: string): Promise<boolean> {
  const row = await withRetry(() =>
    db.prepare("SELECT 1 FROM accounts WHERE name = ?1").bind(name).first(),
  );
  return row !== null;
}
