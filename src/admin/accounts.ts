/** The accounts that administrators search and look at. */

import {
  type AccountQuery,
  type AccountSummary,
  loadAccountSummaries,
  loadAccountSummary,
} from "./db/accounts";

export type { AccountQuery, AccountSummary };

/** The states that the list can be filtered by. */
export const ACCOUNT_STATES = [
  "all",
  "suspended",
  "administrators",
] as const satisfies AccountQuery["state"][];

/** At most `limit` matching accounts, ordered by name, only those after the name `after`. */
export const findAccounts = (
  db: D1Database,
  query: AccountQuery,
  after: string,
  limit: number,
): Promise<AccountSummary[]> => loadAccountSummaries(db, query, after, limit);

/** Returns null if there is no account of this name or it is deleted. */
export const findAccount = (db: D1Database, name: string): Promise<AccountSummary | null> =>
  loadAccountSummary(db, name);
