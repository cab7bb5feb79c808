/** Looks up users by name and by personal domain. */

import type { PublicProfile } from "../accounts/public-profile";
import { withRetry } from "../platform/retry";

/** A user as WebFinger shows them. */
export interface FoundUser extends PublicProfile {
  name: string;
  /** Whether the storage is at the domain by which the user was found. */
  hasStorageThere: boolean;
}

/** A domain as the host of a request. */
export interface DomainHost {
  user: string;
  /** Whether the storage is served there. */
  hasStorage: boolean;
}

/** The domain with this host, with or without its port, and whose it is; null if it is nobody's. */
export async function loadDomainHost(db: D1Database, host: string): Promise<DomainHost | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT a.name AS user, d.has_storage AS hasStorage
         FROM domains d JOIN accounts a ON a.id = d.account
         WHERE d.host IN (?1, ?2) AND a.deleted_at IS NULL`,
      )
      .bind(host, host.replace(/:\d+$/, ""))
      .first<{ user: string; hasStorage: 0 | 1 }>(),
  );
  return row && { user: row.user, hasStorage: row.hasStorage === 1 };
}

/** The columns of a found user. Nothing of a suspended user is public, except the name. */
const FOUND_USER = `a.name AS name,
  iif(a.suspended_at IS NULL, a.display_name, NULL) AS displayName,
  iif(a.suspended_at IS NULL, a.picture, NULL) AS picture`;

type FoundRow = Omit<FoundUser, "hasStorageThere"> & { hasStorageThere: 0 | 1; isOwner: number };

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
        `SELECT ${FOUND_USER}, 0 AS hasStorageThere, 0 AS isOwner
         FROM accounts a WHERE a.name = ?1 AND a.deleted_at IS NULL
         UNION ALL
         SELECT ${FOUND_USER}, d.has_storage, 1 FROM domains d JOIN accounts a ON a.id = d.account
         WHERE d.host = ?2 AND a.deleted_at IS NULL`,
      )
      .bind(name, host)
      .all<FoundRow>(),
  );
  const find = (isOwner: number): FoundUser | null => {
    const row = results.find((one) => one.isOwner === isOwner);
    return row === undefined ? null : { ...row, hasStorageThere: row.hasStorageThere === 1 };
  };
  return { user: find(0), owner: find(1) };
}
