/** Deleting an account in D1. Every write comes to the same when it is repeated. */

import { askPatiently } from "../http/patience";

/** Whatever an account has beside its own row and its documents. */
const BELONGINGS = [
  "passwords",
  "sessions",
  "passkeys",
  "challenges",
  "recovery_codes",
  "links",
  "domains",
  "grants",
  "codes",
  "refresh_tokens",
  "devices",
  "app_use",
  "activity",
] as const;

/** Only of an account that is deleted, so that no mistake upstairs takes anything from another. */
const dropBelongings = (db: D1Database, account: string): D1PreparedStatement[] =>
  BELONGINGS.map((table) =>
    db
      .prepare(
        `DELETE FROM ${table} WHERE account = ?1
           AND EXISTS (SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL)`,
      )
      .bind(account),
  );

/** What is cleared in the account's own row. */
const CLEARED = "quota_bytes = NULL, is_admin = 0, email = NULL, seen_at = NULL";

/** Closes an account for good: nothing but its name, its times and its invitation is left. */
export async function closeAccount(db: D1Database, account: string, now: number): Promise<void> {
  await askPatiently(() =>
    db.batch([
      db
        .prepare(
          `UPDATE accounts SET deleted_at = coalesce(deleted_at, ?2), ${CLEARED} WHERE id = ?1`,
        )
        .bind(account, now),
      ...dropBelongings(db, account),
    ]),
  );
}

/** Notes that all is erased, and takes along what requests that were under way have still written. */
export async function markErased(db: D1Database, account: string, now: number): Promise<void> {
  await askPatiently(() =>
    db.batch([
      ...dropBelongings(db, account),
      db
        .prepare(
          `UPDATE accounts SET erased_at = coalesce(erased_at, ?2), ${CLEARED}
           WHERE id = ?1 AND deleted_at IS NOT NULL`,
        )
        .bind(account, now),
    ]),
  );
}

/** False also for an account that never was. */
export async function loadIsDeleted(db: D1Database, account: string): Promise<boolean> {
  const row = await askPatiently(() =>
    db
      .prepare("SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL")
      .bind(account)
      .first(),
  );
  return row !== null;
}

/** Accounts that are deleted and not erased yet, the longest deleted first. */
export async function loadAccountsToErase(
  db: D1Database,
  limit: number,
): Promise<{ id: string; name: string }[]> {
  const { results } = await askPatiently(() =>
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
