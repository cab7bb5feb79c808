/** Domains and claims to them in D1 (tables `domains`, `domain_claims`). Writes are idempotent. */

import { type ActivityEntry, insertActivity } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import type { DnsFinding, FileFinding } from "../evidence";

/** A claim of an account to a domain. Times are milliseconds since 1970. */
export interface DomainClaim {
  host: string;
  /** What the user has to publish. */
  value: string;
  createdAt: number;
  checkedAt: number | null;
  dnsFinding: DnsFinding | null;
  fileFinding: FileFinding | null;
  /** When the value was last found; null: never, or the domain has been lost since. */
  verifiedAt: number | null;
  /** Since when a verified claim is no longer proved. */
  failingSince: number | null;
}

/** A domain of an account, or one that it claims. */
export interface Domain {
  host: string;
  /** Whether the address with this domain leads to the account. */
  isActive: boolean;
  /** Whether the storage is served there, and WebFinger names it for this address. */
  hasStorage: boolean;
  /** Null: the operator has given the domain to the account. */
  claim: DomainClaim | null;
}

/** The columns of a claim `c`. */
export const CLAIM_COLUMNS = `c.host, c.value, c.created_at AS createdAt, c.checked_at AS checkedAt,
  c.dns_finding AS dnsFinding, c.file_finding AS fileFinding, c.verified_at AS verifiedAt,
  c.failing_since AS failingSince`;

type DomainRow = DomainClaim & { activeHost: string | null; hasStorage: 0 | 1 };

const toDomain = ({ activeHost, hasStorage, ...claim }: DomainRow): Domain => ({
  host: activeHost ?? claim.host,
  isActive: activeHost !== null,
  hasStorage: hasStorage === 1,
  claim: claim.value === null ? null : claim,
});

/** The domains and claims of an account, by name; only `host` if it is given. One round trip. */
export async function loadDomains(
  db: D1Database,
  account: string,
  host: string | null = null,
): Promise<Domain[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${CLAIM_COLUMNS}, d.host AS activeHost, d.has_storage AS hasStorage
         FROM domains d LEFT JOIN domain_claims c ON c.host = d.host AND c.account = d.account
         WHERE d.account = ?1 AND d.host = coalesce(?2, d.host)
         UNION ALL
         SELECT ${CLAIM_COLUMNS}, NULL, 0 FROM domain_claims c
         WHERE c.account = ?1 AND c.host = coalesce(?2, c.host)
           AND NOT EXISTS (SELECT 1 FROM domains WHERE host = c.host AND account = ?1)`,
      )
      .bind(account, host)
      .all<DomainRow>(),
  );
  return results.map(toDomain).sort((a, b) => a.host.localeCompare(b.host, "en"));
}

/**
 * Adds a claim, unless the account has as many domains as it may have. Keeps the claim that there is.
 * Returns whether there is one now.
 */
export async function insertClaim(
  db: D1Database,
  account: string,
  { host, value }: { host: string; value: string },
  limit: number,
  now: number,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO domain_claims (host, account, value, created_at, next_check_at)
           SELECT ?2, id, ?3, ?4, ?4 FROM accounts
           WHERE id = ?1 AND deleted_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM domains WHERE host = ?2 AND account = ?1)
             AND (SELECT count(*) FROM domain_claims WHERE account = ?1) < ?5
           ON CONFLICT DO NOTHING`,
        )
        .bind(account, host, value, now, limit),
      db
        .prepare(
          `SELECT 1 FROM domain_claims WHERE host = ?2 AND account = ?1
           UNION ALL SELECT 1 FROM domains WHERE host = ?2 AND account = ?1`,
        )
        .bind(account, host),
    ]),
  );
  return (results.at(-1)?.results.length ?? 0) > 0;
}

/** Sets whether the storage of an account is served at a domain that it has. */
export const updateDomainStorage = (
  db: D1Database,
  account: string,
  host: string,
  hasStorage: boolean,
): Promise<unknown> =>
  withRetry(() =>
    db
      .prepare("UPDATE domains SET has_storage = ?3 WHERE host = ?2 AND account = ?1")
      .bind(account, host, hasStorage ? 1 : 0)
      .run(),
  );

/** Takes a domain, or a claim to it, from an account. */
export const deleteDomain = (
  db: D1Database,
  account: string,
  host: string,
  entry: ActivityEntry,
): Promise<unknown> =>
  withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: "EXISTS (SELECT 1 FROM domains WHERE host = :host AND account = :account)",
        values: { host },
      }),
      ...["domains", "domain_claims"].map((table) =>
        db.prepare(`DELETE FROM ${table} WHERE host = ?2 AND account = ?1`).bind(account, host),
      ),
    ]),
  );

/** Deletes the claims from before a time that were never proved. */
export const deleteOldClaims = (db: D1Database, before: number): D1PreparedStatement =>
  db
    .prepare("DELETE FROM domain_claims WHERE verified_at IS NULL AND created_at < ?1")
    .bind(before);
