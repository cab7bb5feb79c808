/** Totals over all accounts in D1, and whether D1 answers at all. */

import { ROOT } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { USED_BYTES_SQL } from "../../storage/usage";

/** What all accounts hold together, without those that were deleted. */
export interface AccountTotals {
  accounts: number;
  /** Created since the given time. */
  createdThisMonth: number;
  suspended: number;
  documents: number;
  bytes: number;
}

/** Counts all accounts, and those created since `since` (milliseconds since 1970). Reads every account. */
export async function loadAccountTotals(db: D1Database, since: number): Promise<AccountTotals> {
  const totals = await withRetry(() =>
    db
      .prepare(
        `SELECT count(*) AS accounts, count(iif(a.created_at >= ?3, 1, NULL)) AS createdThisMonth,
                count(a.suspended_at) AS suspended,
                coalesce(sum(r.documents), 0) AS documents,
                coalesce(sum(${USED_BYTES_SQL}), 0) AS bytes
         FROM accounts a
         LEFT JOIN nodes r ON r.account = a.id AND r.parent = ?1 AND r.name = ?2
         WHERE a.deleted_at IS NULL`,
      )
      .bind(ROOT.parent, ROOT.name, since)
      .first<AccountTotals>(),
  );
  return totals as AccountTotals;
}

/** Asks D1 for nothing but an answer. */
export const probeDatabase = (db: D1Database): Promise<unknown> => db.prepare("SELECT 1").first();
