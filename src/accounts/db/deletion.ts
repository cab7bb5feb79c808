/** Closing and erasing accounts in D1. Writes are idempotent. */

import type { Env } from "../../env";
import { batchAndRecheckSockets } from "../../modules/modules";
import { withRetry } from "../../platform/retry";

/** The tables with rows of an account, apart from its own row, its documents and its modules. */
const ACCOUNT_TABLES = [
  "passwords",
  "sessions",
  "passkeys",
  "challenges",
  "recovery_codes",
  "links",
  "domains",
  "domain_claims",
  "grants",
  "codes",
  "refresh_tokens",
  "devices",
  "app_use",
  "activity",
] as const;

/** Deletes nothing unless the account is deleted, so that a bug in a caller does no harm. */
const deleteFrom = (
  db: D1Database,
  tables: readonly string[],
  account: string,
): D1PreparedStatement[] =>
  tables.map((table) =>
    db
      .prepare(
        `DELETE FROM ${table} WHERE account = ?1
           AND EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL)`,
      )
      .bind(account),
  );

/** Assignments that clear the account's own row. */
const CLEAR_COLUMNS = `quota_bytes = NULL, is_admin = 0, email = NULL, seen_at = NULL,
  display_name = NULL, picture = NULL`;

/** A provider without an administrator could not get another one through its pages. */
const IS_LAST_ADMINISTRATOR = `is_admin = 1 AND NOT EXISTS (
  SELECT 1 FROM accounts o
  WHERE o.is_admin = 1 AND o.id <> ?1 AND o.deleted_at IS NULL AND o.suspended_at IS NULL)`;

/**
 * Closes an account permanently: only its name, its times and its invitation are kept. Does nothing to
 * the last administrator. With `adminActionId`, only if that action of the same time is in the audit
 * log; null if the user closes the account.
 */
export const closeAccountStatements = (
  db: D1Database,
  account: string,
  now: number,
  adminActionId: string | null,
): D1PreparedStatement[] => [
  db
    .prepare(
      `UPDATE accounts SET deleted_at = coalesce(deleted_at, ?2), ${CLEAR_COLUMNS}
       WHERE id = ?1 AND NOT (${IS_LAST_ADMINISTRATOR})
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM admin_log WHERE at = ?2 AND id = ?3))`,
    )
    .bind(account, now, adminActionId),
  ...deleteFrom(db, ACCOUNT_TABLES, account),
];

/** Closes an account for its user. Returns false, and does nothing, for the last administrator. */
export async function closeAccount(env: Env, account: string, now: number): Promise<boolean> {
  const selectIsClosed = env.DB.prepare(
    "SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL",
  ).bind(account);
  const statements = [...closeAccountStatements(env.DB, account, now, null), selectIsClosed];
  const results = await batchAndRecheckSockets(env, account, statements);
  return results.at(-1)?.results.length === 1;
}

/** Marks an account as erased, and deletes what requests in flight have written since it was closed. */
export async function markErased(db: D1Database, account: string, now: number): Promise<void> {
  await withRetry(() =>
    db.batch([
      // The modules' objects are empty by now, so nothing has to find them any more.
      ...deleteFrom(db, [...ACCOUNT_TABLES, "rxdb_modules"], account),
      db
        .prepare(
          `UPDATE accounts SET erased_at = coalesce(erased_at, ?2), ${CLEAR_COLUMNS}
           WHERE id = ?1 AND deleted_at IS NOT NULL`,
        )
        .bind(account, now),
    ]),
  );
}

/** Whether an account is deleted, and may be erased. False also if it never existed. */
export async function isAccountDeleted(db: D1Database, account: string): Promise<boolean> {
  const row = await withRetry(() =>
    db
      .prepare("SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL")
      .bind(account)
      .first(),
  );
  return row !== null;
}

/** Accounts that are deleted but not erased yet, oldest deletion first. */
export async function loadAccountsToErase(
  db: D1Database,
  limit: number,
): Promise<{ id: string; name: string }[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT id, name FROM accounts
         WHERE deleted_at IS NOT NULL AND erased_at IS NULL
         ORDER BY deleted_at LIMIT ?1`,
      )
      .bind(limit)
      .all<{ id: string; name: string }>(),
  );
  return results;
}
