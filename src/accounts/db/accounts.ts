/** Accounts in D1. Writes are idempotent: one whose answer was lost can be repeated. */

import { withRetry } from "../../platform/retry";

/** An account that is not deleted. */
export interface Account {
  id: string;
  name: string;
  isAdmin: boolean;
}

/** An account as SQL returns it. */
export interface AccountRow {
  id: string;
  name: string;
  isAdmin: 0 | 1;
}

/** An account to be created. */
export interface NewAccount {
  id: string;
  name: string;
  /** SHA-256 of the secret of the invitation that the user signs up with. */
  invitation: string | null;
}

/**
 * Creates an account and, by `insertCredential`, its first credential in one batch: there is never an
 * account that nobody can sign in to. Writes nothing if the name is or was ever taken, or if an
 * invitation is needed (`isOpen` false) and it has expired or is used up: each account that names an
 * invitation is a use of it.
 */
export async function insertAccount(
  db: D1Database,
  { id, name, invitation }: NewAccount,
  insertCredential: D1PreparedStatement,
  isOpen: boolean,
  now: number,
): Promise<"created" | "name-taken" | "not-invited"> {
  const results = await withRetry(() =>
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
      insertCredential,
      // The use of an invitation that makes an administrator is recorded in the audit log.
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
  const [holder] = results.at(-1)?.results ?? [];
  if (holder === undefined) return "not-invited";
  return holder.id === id ? "created" : "name-taken";
}

/** The statement that sets the password of a new account; for `insertAccount`. */
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

/** Loads an account with what a sign-in checks. Returns null if there is none, or if it is deleted. */
export async function loadAccountByName(
  db: D1Database,
  name: string,
): Promise<(Account & { passwordHash: string | null; isSuspended: boolean }) | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT a.id, a.name, a.is_admin AS isAdmin, p.hash AS passwordHash,
           a.suspended_at AS suspendedAt
         FROM accounts a LEFT JOIN passwords p ON p.account = a.id
         WHERE a.name = ?1 AND a.deleted_at IS NULL`,
      )
      .bind(name)
      .first<AccountRow & { passwordHash: string | null; suspendedAt: number | null }>(),
  );
  if (row === null) return null;
  const { id, isAdmin, passwordHash, suspendedAt } = row;
  return { id, name, isAdmin: isAdmin === 1, passwordHash, isSuspended: suspendedAt !== null };
}

/** Loads what an invitation grants. Returns null if it has expired, is used up, or does not exist. */
export async function loadUsableInvitation(
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

/** Whether there are any accounts, also deleted ones. */
export async function hasAccounts(db: D1Database): Promise<boolean> {
  const statement = db.prepare("SELECT 1 FROM accounts LIMIT 1");
  return (await withRetry(() => statement.first())) !== null;
}

/** Whether an account has, or ever had, this name. */
export async function isNameTaken(db: D1Database, name: string): Promise<boolean> {
  const row = await withRetry(() =>
    db.prepare("SELECT 1 FROM accounts WHERE name = ?1").bind(name).first(),
  );
  return row !== null;
}
