/** Looks up users by name and by personal domain. */

import type { PublicProfile } from "../accounts/public-profile";
import { withRetry } from "../platform/retry";

/** A user as WebFinger shows them. */
export interface FoundUser extends PublicProfile {
  name: string;
}

/** The columns of a found user. Nothing of a suspended user is public, except the name. */
const FOUND_USER = `a.name AS name,
  iif(a.suspended_at IS NULL, a.display_name, NULL) AS displayName,
  iif(a.suspended_at IS NULL, a.picture, NULL) AS picture`;

/**
 * Finds the user with this name, and the owner of this host as a personal domain; each is null if
 * not found. One round trip.
 */
export async function findUserAndDomainOwner(
  db: D1Database,
  name: string | null,
  host: string,
): Promise<{ user: FoundUser | null; owner: FoundUser | null }> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${FOUND_USER}, 0 AS isOwner FROM accounts a WHERE a.name = ?1 AND a.deleted_at IS NULL
         UNION ALL
         SELECT ${FOUND_USER}, 1 FROM domains d JOIN accounts a ON a.id = d.account
         WHERE d.host = ?2 AND a.deleted_at IS NULL`,
      )
      .bind(name, host)
      .all<FoundUser & { isOwner: number }>(),
  );
  const find = (isOwner: number) => results.find((row) => row.isOwner === isOwner) ?? null;
  return { user: find(0), owner: find(1) };
}
