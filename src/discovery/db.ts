/** Looks up users by name and by personal domain. */

import { withRetry } from "../platform/retry";

/**
 * Finds the user with this name, and the owner of this host as a personal domain; each is null if
 * not found. One round trip.
 */
export async function findUserAndDomainOwner(
  db: D1Database,
  name: string | null,
  host: string,
): Promise<{ user: string | null; owner: string | null }> {
  const found = await withRetry(() =>
    db
      .prepare(
        `SELECT (SELECT name FROM accounts WHERE name = ?1 AND deleted_at IS NULL) AS user,
                (SELECT a.name FROM domains d JOIN accounts a ON a.id = d.account AND a.deleted_at IS NULL
                 WHERE d.host = ?2) AS owner`,
      )
      .bind(name, host)
      .first<{ user: string | null; owner: string | null }>(),
  );
  return found ?? { user: null, owner: null };
}
