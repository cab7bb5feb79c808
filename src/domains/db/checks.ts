/** Checks of claims in D1: which are due, and what they have found. Writes are idempotent. */

import { type ActivityEntry, insertActivity } from "../../accounts/activity";
import { withRetry } from "../../platform/retry";
import { bindSql, compileSql } from "../../platform/sql";
import type { Findings } from "../evidence";
import { CLAIM_COLUMNS, type DomainClaim } from "./domains";

/**
 * The account that has a domain now, and the value that proves it; null: the operator's word does, also while the account
 * has a claim that was never proved.
 */
export interface DomainOwner {
  account: string;
  value: string | null;
}

/**
 * Records that a check of the claim begins, unless the last one was after `notSince`. Returns whether
 * it may go on, and who has the domain now. One round trip.
 */
export async function beginCheck(
  db: D1Database,
  account: string,
  host: string,
  notSince: number,
  now: number,
): Promise<{ isDue: boolean; owner: DomainOwner | null }> {
  const [begun, owners] = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `UPDATE domain_claims SET checked_at = ?4
           WHERE host = ?2 AND account = ?1 AND coalesce(checked_at, 0) <= ?3 RETURNING 1`,
        )
        .bind(account, host, notSince, now),
      db
        .prepare(
          `SELECT d.account, iif(c.verified_at IS NULL, NULL, c.value) AS value
           FROM domains d LEFT JOIN domain_claims c ON c.host = d.host AND c.account = d.account
           WHERE d.host = ?1`,
        )
        .bind(host),
    ]),
  );
  const [owner] = (owners?.results ?? []) as unknown as [DomainOwner?];
  return { isDue: begun?.results.length === 1, owner: owner ?? null };
}

/** A claim whose value was found. `from` is the account that loses the domain to it. */
export interface ProvedClaim {
  account: string;
  host: string;
  value: string;
  from: string | null;
  findings: Findings;
  nextCheckAt: number;
}

/** Holds while the claim is the one that was checked, and the domain nobody's else but `from`'s. */
const IS_CLAIM_CURRENT = `EXISTS (SELECT 1 FROM domain_claims
    WHERE host = :host AND account = :claimant AND value = :value)
  AND coalesce((SELECT account FROM domains WHERE host = :host), :claimant) IN (:claimant, :from)`;

const INSERT_DOMAIN = compileSql(
  `INSERT INTO domains (host, account) SELECT :host, :claimant WHERE ${IS_CLAIM_CURRENT}
   ON CONFLICT (host) DO UPDATE SET account = excluded.account,
     has_storage = iif(account = excluded.account, has_storage, 0)`,
);

const DELETE_LOST_CLAIM = compileSql(
  `DELETE FROM domain_claims WHERE host = :host AND account = :from AND account <> :claimant
     AND ${IS_CLAIM_CURRENT}`,
);

const UPDATE_PROVED_CLAIM = compileSql(
  `UPDATE domain_claims SET verified_at = :now, checked_at = :now, next_check_at = :nextCheckAt,
     dns_finding = :dns, file_finding = :file, failing_since = NULL
   WHERE host = :host AND account = :claimant AND value = :value
     AND EXISTS (SELECT 1 FROM domains WHERE host = :host AND account = :claimant)`,
);

/**
 * Gives the domain to the account whose claim is proved, and takes it from the one that had it. The
 * entries go into the activity of the account if the domain is new to it, and of the one that loses it.
 */
export async function recordProof(
  db: D1Database,
  claim: ProvedClaim,
  entries: { gained: ActivityEntry; lost: ActivityEntry },
): Promise<void> {
  const { account, host, value, findings, nextCheckAt } = claim;
  const names = { host, claimant: account, value, from: claim.from ?? "" };
  const values = { ...names, ...findings, nextCheckAt, now: entries.gained.at };
  const isOwner = "(SELECT account FROM domains WHERE host = :host)";
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entries.gained, {
        sql: `${isOwner} IS NOT :claimant AND ${IS_CLAIM_CURRENT}`,
        values: names,
      }),
      ...(claim.from === null
        ? []
        : [
            insertActivity(db, claim.from, entries.lost, {
              sql: `${isOwner} = :from AND ${IS_CLAIM_CURRENT}`,
              values: names,
            }),
            bindSql(db, DELETE_LOST_CLAIM, values),
          ]),
      bindSql(db, INSERT_DOMAIN, values),
      bindSql(db, UPDATE_PROVED_CLAIM, values),
    ]),
  );
}

/** A check that has not found the value. */
export interface FailedCheck {
  account: string;
  host: string;
  value: string;
  findings: Findings;
  nextCheckAt: number;
  /** Whether a verified claim counts as failing from now on, and has stopped being verified. */
  outcome: "nothing-changes" | "failing" | "stopped";
}

const UPDATE_FINDINGS = `UPDATE domain_claims SET checked_at = :now, next_check_at = :nextCheckAt,
  dns_finding = :dns, file_finding = :file`;
const OF_CLAIM = "WHERE host = :host AND account = :account AND value = :value";

const FAILED_CHECKS = {
  "nothing-changes": [compileSql(`${UPDATE_FINDINGS} ${OF_CLAIM}`)],
  failing: [
    compileSql(
      `${UPDATE_FINDINGS}, failing_since = coalesce(failing_since, :now) ${OF_CLAIM}
         AND verified_at IS NOT NULL`,
    ),
  ],
  stopped: [
    compileSql(
      `DELETE FROM domains WHERE host = :host AND account = :account
         AND EXISTS (SELECT 1 FROM domain_claims ${OF_CLAIM} AND failing_since IS NOT NULL)`,
    ),
    compileSql(
      `${UPDATE_FINDINGS}, created_at = :now, verified_at = NULL, failing_since = NULL ${OF_CLAIM}
         AND failing_since IS NOT NULL`,
    ),
  ],
};

/**
 * Records a check that has not found the value. The entry goes into the activity when the claim starts
 * to fail, and when the domain stops.
 */
export async function recordFailedCheck(
  db: D1Database,
  { account, host, value, findings, nextCheckAt, outcome }: FailedCheck,
  entry: ActivityEntry,
): Promise<void> {
  const values = { account, host, value, ...findings, nextCheckAt, now: entry.at };
  const isNew = outcome === "failing" ? "IS NULL AND verified_at IS NOT NULL" : "IS NOT NULL";
  const activity = insertActivity(db, account, entry, {
    sql: `EXISTS (SELECT 1 FROM domain_claims ${OF_CLAIM} AND failing_since ${isNew})`,
    values: { host, value },
  });
  await withRetry(() =>
    db.batch([
      ...(outcome === "nothing-changes" ? [] : [activity]),
      ...FAILED_CHECKS[outcome].map((statement) => bindSql(db, statement, values)),
    ]),
  );
}

/** A claim that the daily job is to check, and what it needs for that. */
export interface DueClaim extends DomainClaim {
  account: string;
  name: string;
  email: string | null;
  owner: DomainOwner | null;
}

type DueRow = Omit<DueClaim, "owner"> & { ownerAccount: string | null; ownerValue: string | null };

/** The claims that are due, those that wait for longest first. */
export async function loadDueClaims(
  db: D1Database,
  now: number,
  limit: number,
): Promise<DueClaim[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${CLAIM_COLUMNS}, c.account, a.name, a.email,
                d.account AS ownerAccount,
                iif(o.verified_at IS NULL, NULL, o.value) AS ownerValue
         FROM domain_claims c JOIN accounts a ON a.id = c.account AND a.deleted_at IS NULL
         LEFT JOIN domains d ON d.host = c.host
         LEFT JOIN domain_claims o ON o.host = d.host AND o.account = d.account
         WHERE c.next_check_at <= ?1 ORDER BY c.next_check_at LIMIT ?2`,
      )
      .bind(now, limit)
      .all<DueRow>(),
  );
  return results.map(({ ownerAccount, ownerValue, ...claim }) => ({
    ...claim,
    owner: ownerAccount === null ? null : { account: ownerAccount, value: ownerValue },
  }));
}
