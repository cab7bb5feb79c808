/** Totals over all accounts in D1, and a probe of whether D1 answers. */

import { ROOT } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { USED_BYTES_SQL } from "../../storage/usage";

/** Totals over all accounts that are not deleted. */
export interface AccountTotals {
  accounts: number;
  createdThisMonth: number;
  suspended: number;
  documents: number;
  bytes: number;
}

/** Loads the totals; the month starts at `monthStart` (milliseconds since 1970). Reads every account. */
export async function loadAccountTotals(
  db: D1Database,
  monthStart: number,
): Promise<AccountTotals> {
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
      .bind(ROOT.parent, ROOT.name, monthStart)
      .first<AccountTotals>(),
  );
  return totals as AccountTotals;
}

/** The cheapest query that shows whether D1 answers. */
export const probeDatabase = (db: D1Database): Promise<unknown> => db.prepare("SELECT 1").first();
