/** Loads grants by app from D1: those of a page of the apps, of the latest ones, or of unused ones. */

import { DAY_MS } from "../../core/time";
import { withRetry } from "../../platform/retry";
import { APP_ID, GRANT_COLUMNS, type GrantRow } from "./grants";

/** The position of an app in the list: of its grants, the time of the first, and the least id. */
export interface AppPosition {
  /** Milliseconds since 1970. */
  at: number;
  id: string;
}

const VALID_GRANTS = "account = ?1 AND (expires_at IS NULL OR expires_at > ?2)";

/** The apps of account ?1 that are connected at the time ?2. */
const APPS = `SELECT ${APP_ID} AS app, min(created_at) AS at, min(id) AS first FROM grants
  WHERE ${VALID_GRANTS} GROUP BY app`;

/** Those that were neither connected anew nor used since ?3. The use of a grant is found by its days. */
const UNUSED_APPS = `${APPS} HAVING NOT max(CASE WHEN created_at > ?3 THEN 1 ELSE EXISTS (
  SELECT 1 FROM app_use WHERE account = ?1 AND grant_id = grants.id
    AND day >= ?3 / ${DAY_MS} AND last_at > ?3) END)`;

/** Selects the grants of the apps that a query finds, the oldest first. */
const selectGrantsOfApps = (selectApps: string): string =>
  `SELECT ${GRANT_COLUMNS} FROM grants
   WHERE ${VALID_GRANTS} AND ${APP_ID} IN (SELECT app FROM (${selectApps}))
   ORDER BY created_at`;

/** The grants of at most `limit` apps: those after a position, the longest connected first. */
export async function loadGrantsOfPage(
  db: D1Database,
  account: string,
  now: number,
  after: AppPosition | null,
  limit: number,
): Promise<GrantRow[]> {
  const sql = selectGrantsOfApps(
    `SELECT app FROM (${APPS}) WHERE (at, first) > (?3, ?4) ORDER BY at, first LIMIT ?5`,
  );
  const statement = db.prepare(sql).bind(account, now, after?.at ?? -1, after?.id ?? "", limit);
  return (await withRetry(() => statement.all<GrantRow>())).results;
}

/** The grants of some apps, and the number of all. */
interface CountedGrants {
  grants: GrantRow[];
  apps: number;
}

/** The grants of the `limit` apps that were connected last. */
export const loadGrantsOfLatest = (
  db: D1Database,
  account: string,
  now: number,
  limit: number,
): Promise<CountedGrants> =>
  loadAndCount(
    db
      .prepare(
        selectGrantsOfApps(`SELECT app FROM (${APPS}) ORDER BY at DESC, first DESC LIMIT ?3`),
      )
      .bind(account, now, limit),
    db
      .prepare(`SELECT count(DISTINCT ${APP_ID}) AS apps FROM grants WHERE ${VALID_GRANTS}`)
      .bind(account, now),
    db,
  );

/** The grants of the first `limit` apps that were neither connected anew nor used since a time. */
export const loadGrantsOfUnused = (
  db: D1Database,
  account: string,
  now: number,
  since: number,
  limit: number,
): Promise<CountedGrants> =>
  loadAndCount(
    db
      .prepare(selectGrantsOfApps(`SELECT app FROM (${UNUSED_APPS}) ORDER BY at, first LIMIT ?4`))
      .bind(account, now, since, limit),
    db.prepare(`SELECT count(*) AS apps FROM (${UNUSED_APPS})`).bind(account, now, since),
    db,
  );

async function loadAndCount(
  grants: D1PreparedStatement,
  count: D1PreparedStatement,
  db: D1Database,
): Promise<CountedGrants> {
  const [found, counted] = await withRetry(() => db.batch([grants, count]));
  return {
    grants: (found?.results ?? []) as GrantRow[],
    apps: (counted?.results[0] as { apps: number } | undefined)?.apps ?? 0,
  };
}
