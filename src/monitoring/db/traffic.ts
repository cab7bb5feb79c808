/** The table `traffic` in D1: request counts by day, route and status class. */

import { withRetry } from "../../platform/retry";

/** The requests of one day (days since 1970) to one route with one status class. */
export interface TrafficRow {
  day: number;
  route: string;
  /** First digit of the status: 2 to 5. */
  status: number;
  requests: number;
  bytes: number;
  milliseconds: number;
}

/** Adds to the counts, in one statement. Not idempotent. */
export async function addTraffic(db: D1Database, rows: TrafficRow[]): Promise<void> {
  await db
    .prepare(
      `INSERT INTO traffic (day, route, status, requests, bytes, milliseconds)
       SELECT value ->> 'day', value ->> 'route', value ->> 'status', value ->> 'requests',
              value ->> 'bytes', value ->> 'milliseconds'
       FROM json_each(?1) WHERE true
       ON CONFLICT DO UPDATE SET
         requests = requests + excluded.requests,
         bytes = bytes + excluded.bytes,
         milliseconds = milliseconds + excluded.milliseconds`,
    )
    .bind(JSON.stringify(rows))
    .run();
}

/** The requests of each day since `since` (days since 1970), and how many got a 5xx status. */
export async function loadTraffic(
  db: D1Database,
  since: number,
): Promise<{ day: number; requests: number; errors: number }[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT day, sum(requests) AS requests, sum(iif(status = 5, requests, 0)) AS errors
         FROM traffic WHERE day >= ?1 GROUP BY day ORDER BY day`,
      )
      .bind(since)
      .all<{ day: number; requests: number; errors: number }>(),
  );
  return results;
}

/** The totals since the first day, by route and status class. */
export async function loadTrafficTotals(db: D1Database): Promise<Omit<TrafficRow, "day">[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT route, status, sum(requests) AS requests, sum(bytes) AS bytes,
                sum(milliseconds) AS milliseconds
         FROM traffic GROUP BY route, status ORDER BY route, status`,
      )
      .all<Omit<TrafficRow, "day">>(),
  );
  return results;
}

/**
 * Statements that add all days before `before` to day 0 and delete them, so that the totals never go
 * down. Idempotent, if run as one batch.
 */
export const rollUpTraffic = (db: D1Database, before: number): D1PreparedStatement[] => [
  db
    .prepare(
      `INSERT INTO traffic (day, route, status, requests, bytes, milliseconds)
       SELECT 0, route, status, sum(requests), sum(bytes), sum(milliseconds)
       FROM traffic WHERE day > 0 AND day < ?1 GROUP BY route, status
       ON CONFLICT DO UPDATE SET
         requests = requests + excluded.requests,
         bytes = bytes + excluded.bytes,
         milliseconds = milliseconds + excluded.milliseconds`,
    )
    .bind(before),
  db.prepare("DELETE FROM traffic WHERE day > 0 AND day < ?1").bind(before),
];
