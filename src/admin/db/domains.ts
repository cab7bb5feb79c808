/** Domains of all accounts in D1, as administrators see and remove them. */

import { activityStatement } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import { executeAction, isPendingSql, type PendingAction } from "./audit-log";

/** A domain or a claim, and whose it is. Times are milliseconds since 1970. */
export interface ListedDomain {
  host: string;
  account: string;
  name: string;
  isActive: boolean;
  /** When its proof was last found; null: it is only claimed, or the operator has given it. */
  verifiedAt: number | null;
  failingSince: number | null;
  /** When it was claimed; null: the operator has given it. */
  claimedAt: number | null;
  /** Whether its user has asked that it leads here by a custom hostname. */
  hasHostname: boolean;
  /** Of the custom hostname and its certificate, in Cloudflare's words. */
  hostnameStatus: string | null;
  certificateStatus: string | null;
  /** Why the last call to Cloudflare has failed. */
  hostnameProblem: string | null;
}

/** Where a list of domains goes on. */
export interface DomainCursor {
  host: string;
  account: string;
}

/** Loads at most `limit` domains and claims, ordered by host, only those after `after`. */
export async function loadAllDomains(
  db: D1Database,
  after: DomainCursor,
  limit: number,
): Promise<ListedDomain[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `WITH listed (host, account) AS (
           SELECT * FROM (SELECT host, account FROM domains
                          WHERE (host, account) > (?1, ?2) ORDER BY host LIMIT ?3)
           UNION
           SELECT * FROM (SELECT host, account FROM domain_claims
                          WHERE (host, account) > (?1, ?2) ORDER BY host, account LIMIT ?3))
         SELECT l.host, l.account, a.name, d.host IS NOT NULL AS isActive,
                c.verified_at AS verifiedAt, c.failing_since AS failingSince,
                c.created_at AS claimedAt, h.host IS NOT NULL AS hasHostname,
                h.status AS hostnameStatus, h.certificate_status AS certificateStatus,
                h.problem AS hostnameProblem
         FROM listed l JOIN accounts a ON a.id = l.account
         LEFT JOIN domains d ON d.host = l.host AND d.account = l.account
         LEFT JOIN domain_claims c ON c.host = l.host AND c.account = l.account
         LEFT JOIN custom_hostnames h ON h.host = l.host AND h.account = l.account
         ORDER BY l.host, l.account LIMIT ?3`,
      )
      .bind(after.host, after.account, limit)
      .all<
        Omit<ListedDomain, "isActive" | "hasHostname"> & { isActive: 0 | 1; hasHostname: 0 | 1 }
      >(),
  );
  return results.map((row) => ({
    ...row,
    isActive: row.isActive === 1,
    hasHostname: row.hasHostname === 1,
  }));
}

/** Takes a domain, or a claim to it, from the target account. Returns false if it does not have it. */
export const removeDomainOf = (
  db: D1Database,
  action: PendingAction & { target: string },
  host: string,
): Promise<boolean> => {
  const { at, id, target } = action;
  const isPending = isPendingSql("?3", "?4");
  // ?6 is the detail of the log row, which has the host.
  return executeAction(db, action, `json_extract(?6, '$.host') IN (${HOSTS_OF_TARGET})`, [
    activityStatement(db, target, { kind: "domain-lost", host, why: "administrator" }, at, id),
    ...["domains", "domain_claims"].map((table) =>
      db
        .prepare(`DELETE FROM ${table} WHERE host = ?1 AND account = ?2 AND ${isPending}`)
        .bind(host, target, at, id),
    ),
  ]);
};

const HOSTS_OF_TARGET = `SELECT host FROM domains WHERE account = t.id
  UNION SELECT host FROM domain_claims WHERE account = t.id`;
