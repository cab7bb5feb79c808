/** How many accounts there are, and what they hold. */

import { type AccountTotals, loadAccountTotals } from "./db/accounts";

export type { AccountTotals };

/** Totals over all accounts; `fresh` counts those created since the month began (UTC). */
export function countAccounts(db: D1Database, now: number): Promise<AccountTotals> {
  const today = new Date(now);
  return loadAccountTotals(db, Date.UTC(today.getUTCFullYear(), today.getUTCMonth()));
}
