/** Finds the accounts that administrators look for. */

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

/** Finds at most `limit` matching accounts, ordered by name, only those after the name `after`. */
export const findAccounts = (
  db: D1Database,
  query: AccountQuery,
  after: string,
  limit: number,
): Promise<AccountSummary[]> => loadAccountSummaries(db, query, after, limit);

/** Finds an account. Returns null if there is none with this name, or if it is deleted. */
export const findAccount = (db: D1Database, name: string): Promise<AccountSummary | null> =>
  loadAccountSummary(db, name);
