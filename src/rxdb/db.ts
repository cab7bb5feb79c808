/** What a module has reserved of its account's quota, in D1: `ledger.ts`. */

/**
 * Reserves `need` bytes for a module in place of what it had, and more of what is left, up to `want`
 * but never more than a tenth of it. What is not more than it had always fits. Yields what is reserved
 * then, in one row; no row: there is no room, or the account is not there any more. Comes to the same
 * when it is repeated.
 */
export const reserve = (
  db: D1Database,
  { account, module }: { account: string; module: string },
  need: number,
  want: number,
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `WITH others AS (
         SELECT coalesce(quota_bytes, ?5)
           - coalesce((SELECT length FROM nodes WHERE account = ?1 AND parent = '' AND name = '/'), 0)
           - coalesce((SELECT sum(bytes) FROM rxdb_modules WHERE account = ?1 AND module <> ?2), 0)
           AS room
         FROM accounts WHERE id = ?1 AND deleted_at IS NULL
       )
       UPDATE rxdb_modules SET bytes = max(?3, min(?4, ?3 + (others.room - ?3) / 10))
       FROM others
       WHERE account = ?1 AND module = ?2 AND (?3 <= others.room OR ?3 <= bytes)
       RETURNING bytes`,
    )
    .bind(account, module, need, want, defaultQuotaBytes);

/** What the account has, and how much of it is in use or reserved. Yields one row. */
export const selectRoom = (
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT coalesce(quota_bytes, ?2) AS quotaBytes,
         coalesce((SELECT length FROM nodes WHERE account = ?1 AND parent = '' AND name = '/'), 0)
         + coalesce((SELECT sum(bytes) FROM rxdb_modules WHERE account = ?1), 0) AS usedBytes
       FROM accounts WHERE id = ?1`,
    )
    .bind(account, defaultQuotaBytes);
