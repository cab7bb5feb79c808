/** The quota that a module has reserved, in D1: see `quota-reservation.ts`. */

/**
 * Reserves `neededBytes` for a module in place of what it had, and a tenth of what is left beyond that,
 * up to `wantedBytes`. A reservation that does not grow, or was granted before, always fits. Returns the
 * row with the bytes that are reserved then; no row if the quota is exceeded, or if the account is
 * deleted. Idempotent.
 */
export const reserveQuota = (
  db: D1Database,
  { account, module }: { account: string; module: string },
  {
    neededBytes,
    wantedBytes,
    isGranted,
  }: { neededBytes: number; wantedBytes: number; isGranted: boolean },
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `WITH quota AS (
         SELECT coalesce(quota_bytes, ?5)
           - coalesce((SELECT length + index_bytes FROM nodes WHERE account = ?1 AND parent = '' AND name = '/'), 0)
           - coalesce((SELECT sum(bytes) FROM rxdb_modules WHERE account = ?1 AND module <> ?2), 0)
           AS available
         FROM accounts WHERE id = ?1 AND deleted_at IS NULL
       )
       UPDATE rxdb_modules SET bytes = max(?3, min(?4, ?3 + (quota.available - ?3) / 10))
       FROM quota
       WHERE account = ?1 AND module = ?2 AND (?3 <= quota.available OR ?3 <= bytes OR ?6)
       RETURNING bytes`,
    )
    .bind(account, module, neededBytes, wantedBytes, defaultQuotaBytes, +isGranted);

/** Selects one row: the account's quota, and how much of it is used or reserved. */
export const selectQuotaUsage = (
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT coalesce(quota_bytes, ?2) AS quotaBytes,
         coalesce((SELECT length + index_bytes FROM nodes WHERE account = ?1 AND parent = '' AND name = '/'), 0)
         + coalesce((SELECT sum(bytes) FROM rxdb_modules WHERE account = ?1), 0) AS usedBytes
       FROM accounts WHERE id = ?1`,
    )
    .bind(account, defaultQuotaBytes);
