/** Custom hostnames in D1 (table `custom_hostnames`). Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import { bindSql, compileSql } from "../../platform/sql";
import type { HostnameProblem } from "../custom-hostnames-api";

/** What is known of a custom hostname. Times are milliseconds since 1970. */
export interface HostnameRecord {
  host: string;
  /** Whose domain it is; null: it is to be deleted. */
  account: string | null;
  /** Its id at Cloudflare; null: it is not made yet, or was deleted there. */
  id: string | null;
  /** Of the host and of its certificate, in Cloudflare's words; null: not known yet. */
  status: string | null;
  certificateStatus: string | null;
  /** What Cloudflare says is wrong. */
  errors: string[];
  /** Why the last call has failed. */
  problem: HostnameProblem | null;
  checkedAt: number | null;
}

/** What a call has found. */
export type HostnameFinding = Pick<
  HostnameRecord,
  "id" | "status" | "certificateStatus" | "errors" | "problem"
> & {
  /** When the daily job is to look next; null: never. */
  nextCheckAt: number | null;
};

const COLUMNS = `host, account, id, status, certificate_status AS certificateStatus, errors, problem,
  checked_at AS checkedAt`;

type HostnameRow = Omit<HostnameRecord, "errors"> & { errors: string };

const toRecord = (row: HostnameRow): HostnameRecord => ({
  ...row,
  errors: JSON.parse(row.errors) as string[],
});

const first = ({ results }: D1Result<HostnameRow>): HostnameRecord | null =>
  results[0] === undefined ? null : toRecord(results[0]);

/** Holds while the domain is the account's: what the row is for. */
const IS_WANTED = `EXISTS (SELECT 1 FROM domains d
  WHERE d.host = custom_hostnames.host AND d.account = custom_hostnames.account)`;

/** The custom hostname of a domain of the account; null if there is none. One round trip. */
export const loadHostname = async (
  db: D1Database,
  account: string,
  host: string,
): Promise<HostnameRecord | null> =>
  first(
    await withRetry(() =>
      db
        .prepare(
          `SELECT ${COLUMNS} FROM custom_hostnames
           WHERE host = ?2 AND account = ?1 AND ${IS_WANTED}`,
        )
        .bind(account, host)
        .all<HostnameRow>(),
    ),
  );

const REQUEST = compileSql(
  `INSERT INTO custom_hostnames (host, account, requested_at, checked_at, next_check_at)
   SELECT host, account, :now, :now, :now FROM domains
   WHERE host = :host AND account = :account
     AND (SELECT count(*) FROM custom_hostnames WHERE host <> :host) < :limit
   ON CONFLICT (host) DO UPDATE SET account = excluded.account, requested_at = :now,
     checked_at = :now, next_check_at = :now
     WHERE account IS NOT excluded.account OR requested_at <= :notSince
   RETURNING ${COLUMNS}`,
);

const COUNT_OTHERS = "SELECT count(*) AS others FROM custom_hostnames WHERE host <> ?1";

/**
 * Records that the account wants its domain to lead here, before Cloudflare is asked: a custom hostname without a row
 * would be forgotten. Also that a call begins, unless the user has asked after `notSince`. Returns null if the
 * account does not have the domain, or has asked just now. One round trip.
 */
export async function requestHostname(
  db: D1Database,
  account: string,
  host: string,
  { limit, notSince, now }: { limit: number; notSince: number; now: number },
): Promise<HostnameRecord | "too-many" | null> {
  const [requested, count] = await withRetry(() =>
    db.batch<HostnameRow & { others: number }>([
      bindSql(db, REQUEST, { account, host, limit, notSince, now }),
      db.prepare(COUNT_OTHERS).bind(host),
    ]),
  );
  const record = requested === undefined ? null : first(requested);
  const isFull = (count?.results[0]?.others ?? 0) >= limit;
  return record === null && isFull ? "too-many" : record;
}

/** Records that a check begins, unless the last one was after `notSince`: then it returns null. */
export const beginHostnameCheck = async (
  db: D1Database,
  account: string,
  host: string,
  notSince: number,
  now: number,
): Promise<HostnameRecord | null> =>
  first(
    await withRetry(() =>
      db
        .prepare(
          `UPDATE custom_hostnames SET checked_at = ?4
           WHERE host = ?2 AND account = ?1 AND coalesce(checked_at, 0) <= ?3 AND ${IS_WANTED}
           RETURNING ${COLUMNS}`,
        )
        .bind(account, host, notSince, now)
        .all<HostnameRow>(),
    ),
  );

const RECORD = compileSql(
  `UPDATE custom_hostnames SET id = :id, status = :status, certificate_status = :certificateStatus,
     errors = :errors, problem = :problem, checked_at = :now, next_check_at = :nextCheckAt
   WHERE host = :host AND account IS :account
   RETURNING ${COLUMNS}`,
);

/** Records what a call has found, unless another account wants the host by now. Returns the row. */
export const recordHostname = async (
  db: D1Database,
  { host, account }: HostnameRecord,
  finding: HostnameFinding,
  now: number,
): Promise<HostnameRecord | null> => {
  const errors = JSON.stringify(finding.errors);
  const statement = bindSql(db, RECORD, { ...finding, host, account, errors, now });
  return first(await withRetry(() => statement.all<HostnameRow>()));
};

/** Records that the account no longer wants the custom hostname, and serves its storage there no longer. */
export const endHostname = (db: D1Database, account: string, host: string): Promise<unknown> =>
  withRetry(() =>
    db.batch(
      [
        `UPDATE domains SET has_storage = 0 WHERE host = ?2 AND account = ?1
           AND EXISTS (SELECT 1 FROM custom_hostnames WHERE host = ?2 AND account = ?1)`,
        "UPDATE custom_hostnames SET account = NULL WHERE host = ?2 AND account = ?1",
      ].map((sql) => db.prepare(sql).bind(account, host)),
    ),
  );

/** A custom hostname that nobody wants any more, with this name and a known id; null if there is none. */
export const loadUnwantedHostname = async (
  db: D1Database,
  host: string,
): Promise<HostnameRecord | null> =>
  first(
    await withRetry(() =>
      db
        .prepare(
          `SELECT ${COLUMNS} FROM custom_hostnames
           WHERE host = ?1 AND id IS NOT NULL AND NOT ${IS_WANTED}`,
        )
        .bind(host)
        .all<HostnameRow>(),
    ),
  );

/** Deletes the row of a custom hostname that Cloudflare has deleted, unless somebody wants the host by now. */
export const deleteHostnameRow = (
  db: D1Database,
  { host, account }: HostnameRecord,
): Promise<unknown> =>
  withRetry(() =>
    db
      .prepare(
        `DELETE FROM custom_hostnames WHERE host = ?1 AND account IS ?2 AND NOT ${IS_WANTED}`,
      )
      .bind(host, account)
      .run(),
  );

/**
 * The custom hostnames that the daily job is to check, and those to be deleted, which wait for longest first. One that
 * may still be made by a call that began after `lateBefore` is not deleted yet.
 */
export async function loadDueHostnames(
  db: D1Database,
  now: number,
  lateBefore: number,
  limit: number,
): Promise<(HostnameRecord & { isWanted: boolean })[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${COLUMNS}, isWanted FROM (SELECT *, ${IS_WANTED} AS isWanted FROM custom_hostnames)
         WHERE iif(isWanted, next_check_at <= ?1, id IS NOT NULL OR checked_at <= ?2)
         ORDER BY checked_at LIMIT ?3`,
      )
      .bind(now, lateBefore, limit)
      .all<HostnameRow & { isWanted: 0 | 1 }>(),
  );
  return results.map((row) => ({ ...toRecord(row), isWanted: row.isWanted === 1 }));
}
