/** Deleting an account in D1. Every write comes to the same when it is repeated. */

import type { Env } from "../../env";
import { batchAndNotifyModules } from "../../modules/modules";
import { withRetry } from "../../platform/retry";

/** Whatever an account has beside its own row, its documents and its modules. */
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
const dropFrom = (
  tables: readonly string[],
  db: D1Database,
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

/** What is cleared in the account's own row. */
const CLEARED = "quota_bytes = NULL, is_admin = 0, email = NULL, seen_at = NULL";

/** A provider without one could not get another by its pages. */
const IS_LAST_ADMINISTRATOR = `is_admin = 1 AND NOT EXISTS (
  SELECT 1 FROM accounts o
  WHERE o.is_admin = 1 AND o.id <> ?1 AND o.deleted_at IS NULL AND o.suspended_at IS NULL)`;

/**
 * Closes an account for good: nothing but its name, its times and its invitation is left. Does nothing
 * to the last administrator. `act`: the id of an administrator's act at the same time, only with which
 * it is done; null: its owner does it.
 */
export const closing = (
  db: D1Database,
  account: string,
  now: number,
  act: string | null,
): D1PreparedStatement[] => [
  db
    .prepare(
      `UPDATE accounts SET deleted_at = coalesce(deleted_at, ?2), ${CLEARED}
       WHERE id = ?1 AND NOT (${IS_LAST_ADMINISTRATOR})
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM admin_log WHERE at = ?2 AND id = ?3))`,
    )
    .bind(account, now, act),
  ...dropFrom(BELONGINGS, db, account),
];

/** Closes an account by its owner's will. False if it is the last administrator's. */
export async function closeAccount(env: Env, account: string, now: number): Promise<boolean> {
  const isClosed = env.DB.prepare(
    "SELECT 1 FROM accounts WHERE id = ?1 AND deleted_at IS NOT NULL",
  ).bind(account);
  const statements = [...closing(env.DB, account, now, null), isClosed];
  const answers = await batchAndNotifyModules(env, account, statements);
  return answers.at(-1)?.results.length === 1;
}

/** Notes that all is erased, and takes along what requests that were under way have still written. */
export async function markErased(db: D1Database, account: string, now: number): Promise<void> {
  await withRetry(() =>
    db.batch([
      // The objects of the modules are empty by now: nobody has to find them any more.
      ...dropFrom([...BELONGINGS, "rxdb_modules"], db, account),
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
  const row = await withRetry(() =>
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
