/** App usage per grant and day, in D1. Writes are idempotent, so they are safe to retry. */

import { withRetry } from "../../platform/retry";

/** The use of one grant on one day. */
export interface AppUsageRow {
  grant: string;
  /** Days since 1970. */
  day: number;
  requests: number;
  /** Bytes of request and response bodies. */
  bytes: number;
  /** When it was last used, milliseconds since 1970. */
  lastAt: number;
}

/**
 * Adds counts to the days of a grant: all of them, or none if anyone (this call included, when it is
 * retried) added to them within the last `minIntervalMs`. Returns when the use of the grant was last
 * written, which is `now` if this call wrote it; null if the grant and its use are gone.
 */
export async function addUsage(
  db: D1Database,
  { account, grant }: { account: string; grant: string },
  days: Pick<AppUsageRow, "day" | "requests" | "bytes">[],
  { today, now, minIntervalMs }: { today: number; now: number; minIntervalMs: number },
): Promise<number | null> {
  const [, last] = await withRetry(() =>
    db.batch<{ lastAt: number | null }>([
      db
        .prepare(
          `INSERT INTO app_use (account, grant_id, day, requests, bytes, last_at)
           SELECT ?1, ?2, value ->> 'day', value ->> 'requests', value ->> 'bytes', ?4
           FROM json_each(?3)
           WHERE EXISTS (SELECT 1 FROM grants WHERE account = ?1 AND id = ?2)
             AND NOT EXISTS (SELECT 1 FROM app_use WHERE account = ?1 AND grant_id = ?2
                               AND day >= ?5 - 1 AND last_at > ?6)
           ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
             bytes = bytes + excluded.bytes, last_at = max(last_at, excluded.last_at)`,
        )
        .bind(account, grant, JSON.stringify(days), now, today, now - minIntervalMs),
      db
        .prepare(
          `SELECT max(last_at) AS lastAt FROM app_use
           WHERE account = ?1 AND grant_id = ?2 AND day >= ?3 - 1`,
        )
        .bind(account, grant, today),
    ]),
  );
  return last?.results[0]?.lastAt ?? null;
}

/** The use of these grants of an account, on the days that are kept. */
export async function loadUsageRows(
  db: D1Database,
  account: string,
  grantIds: string[],
): Promise<AppUsageRow[]> {
  const statement = db
    .prepare(
      `SELECT grant_id AS "grant", day, requests, bytes, last_at AS lastAt FROM app_use
       WHERE account = ?1 AND grant_id IN (SELECT value FROM json_each(?2))`,
    )
    .bind(account, JSON.stringify(grantIds));
  return (await withRetry(() => statement.all<AppUsageRow>())).results;
}

/**
 * Deletes the use of the days before `beforeDay`, except for the last day of each grant, which says
 * when it was last used. That of a grant is deleted with it (schema.sql).
 */
export const deleteUsageBefore = (db: D1Database, beforeDay: number): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM app_use WHERE day < ?1 AND EXISTS (
         SELECT 1 FROM app_use AS later
         WHERE later.account = app_use.account AND later.grant_id = app_use.grant_id
           AND later.day > app_use.day)`,
    )
    .bind(beforeDay);
