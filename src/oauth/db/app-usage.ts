/** What apps used, in D1. */

import { withRetry } from "../../platform/retry";

/** What an app used on one day. */
export interface AppUsageRow {
  grant: string;
  /** Days since 1970. */
  day: number;
  requests: number;
  /** Of bodies, in both directions. */
  bytes: number;
  lastAt: number;
}

/**
 * Adds what was counted to the days of a grant, all of it or nothing: nothing if somebody added to
 * them within the last `pauseMs`, which when this is repeated may have been itself. Returns when use
 * of the grant was last written, `now` if that was done here; null: the grant is gone, and nothing is
 * left of its use.
 */
export async function addUsage(
  db: D1Database,
  { account, grant }: { account: string; grant: string },
  days: Pick<AppUsageRow, "day" | "requests" | "bytes">[],
  { today, now, pauseMs }: { today: number; now: number; pauseMs: number },
): Promise<number | null> {
  const [, answer] = await withRetry(() =>
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
        .bind(account, grant, JSON.stringify(days), now, today, now - pauseMs),
      db
        .prepare(
          `SELECT max(last_at) AS lastAt FROM app_use
           WHERE account = ?1 AND grant_id = ?2 AND day >= ?3 - 1`,
        )
        .bind(account, grant, today),
    ]),
  );
  return answer?.results[0]?.lastAt ?? null;
}

/** What the apps of an account used since a day. */
export async function loadUsageRows(
  db: D1Database,
  account: string,
  sinceDay: number,
): Promise<AppUsageRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT grant_id AS "grant", day, requests, bytes, last_at AS lastAt
         FROM app_use WHERE account = ?1 AND day >= ?2`,
      )
      .bind(account, sinceDay)
      .all<AppUsageRow>(),
  );
  return results;
}

/** Forgets the days before one, and the use of grants that are gone. */
export const deleteUsageBefore = (db: D1Database, beforeDay: number): D1PreparedStatement[] => [
  db.prepare("DELETE FROM app_use WHERE day < ?1").bind(beforeDay),
  db.prepare(
    `DELETE FROM app_use WHERE NOT EXISTS
       (SELECT 1 FROM grants g WHERE g.account = app_use.account AND g.id = app_use.grant_id)`,
  ),
];
