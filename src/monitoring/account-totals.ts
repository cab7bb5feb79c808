/** Totals over all accounts: how many there are, and how much they store. */

import { type AccountTotals, loadAccountTotals } from "./db/accounts";

export type { AccountTotals };

/** Loads the totals; `createdThisMonth` counts from the start of the month in UTC. */
export function countAccounts(db: D1Database, now: number): Promise<AccountTotals> {
  const date = new Date(now);
  return loadAccountTotals(db, Date.UTC(date.getUTCFullYear(), date.getUTCMonth()));
}
