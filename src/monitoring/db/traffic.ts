/** The counts of requests in D1: the table `traffic`. */

import { withRetry } from "../../platform/retry";

/** What was asked on one day (days since 1970), of one route, and answered with one class of status. */
export interface TrafficRow {
  day: number;
  route: string;
  /** First digit: 2 to 5. */
  status: number;
  requests: number;
  bytes: number;
  milliseconds: number;
}

/** Adds to what is there: not to be repeated. One statement, however many rows. */
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

/** Each day since `since` by its requests, and those of them that were answered with a 5xx. */
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

/** Everything that was ever counted, by route and class of status. */
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
 * Adds all days before this one to day 0 and deletes them, so that the sums never go down. One batch:
 * repeated, it finds nothing more to add.
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
