/** Inserting, loading and expiring grants in D1. Writes are idempotent, so they are safe to retry. */

import type { ActivityCondition } from "../../accounts/activity";
import { DAY_MS } from "../../core/time";
import { withRetry } from "../../platform/retry";

/** A grant as it is stored. */
export interface GrantRow {
  account: string;
  id: string;
  /** Id of the app: the same for all its grants. */
  app: string;
  /** "" for a device and for a personal token, which have no origin. */
  origin: string;
  /** Where the user can open it; "" if that is not known. */
  appUrl: string;
  /** Name of an app without an origin; of a program at a loopback port, what it calls itself. */
  label: string | null;
  /** A scope parameter. */
  scope: string;
  flow: "implicit" | "code" | "token" | "device";
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Milliseconds since 1970; null: valid until revoked. */
  expiresAt: number | null;
}

/** A grant to be inserted. */
type NewGrant = Omit<GrantRow, "app"> & {
  /** Id of the browser that the app runs in; null: it runs elsewhere. */
  browser?: string | null;
};

/** Grants that an account may have: more than anyone uses, and not more than its pages can list. */
const MAX_GRANTS = 1000;

/**
 * An SQL expression: whether the account may have one more grant. Codes and allowed devices count too,
 * since each is about to become one. `account` is the parameter of its id, such as "?1".
 */
export const mayHaveGrantSql = (account: string): string =>
  `(SELECT count(*) FROM grants WHERE account = ${account})
   + (SELECT count(*) FROM codes WHERE account = ${account})
   + (SELECT count(*) FROM devices WHERE account = ${account} AND granted IS NOT NULL AND successor IS NULL)
   < ${MAX_GRANTS}`;

/** Deletes the expired grants and codes of an account. */
export const deleteExpiredOfAccount = (
  db: D1Database,
  account: string,
  now: number,
): D1PreparedStatement[] =>
  ["grants", "codes"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE account = ?1 AND expires_at <= ?2`).bind(account, now),
  );

/**
 * Inserts a grant, whose id must be new. Returns false, without a change, if the account has as many
 * as it may have. `activity` comes after it in the same batch.
 */
export async function insertGrant(
  db: D1Database,
  grant: NewGrant,
  activity: D1PreparedStatement[] = [],
): Promise<boolean> {
  const {
    account,
    id,
    origin,
    appUrl,
    label,
    scope,
    flow,
    createdAt,
    expiresAt,
    browser = null,
  } = grant;
  const results = await withRetry(() =>
    db.batch([
      ...deleteExpiredOfAccount(db, account, createdAt),
      db
        .prepare(
          `INSERT INTO grants
             (account, id, origin, app_url, label, scope, flow, created_at, expires_at, browser)
           SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE ${mayHaveGrantSql("?1")}
           ON CONFLICT DO NOTHING`,
        )
        .bind(account, id, origin, appUrl, label, scope, flow, createdAt, expiresAt, browser),
      deleteLostGrants(db, account, id, createdAt),
      ...activity,
      db.prepare("SELECT 1 FROM grants WHERE account = ?1 AND id = ?2").bind(account, id),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Extends a grant that has not expired yet. Returns whether there is such a grant. */
export async function extendGrant(
  db: D1Database,
  account: string,
  id: string,
  expiresAt: number,
  now: number,
): Promise<boolean> {
  const { meta } = await withRetry(() =>
    db
      .prepare(
        "UPDATE grants SET expires_at = ?3 WHERE account = ?1 AND id = ?2 AND expires_at > ?4",
      )
      .bind(account, id, expiresAt, now)
      .run(),
  );
  return meta.changes > 0;
}

/** How long a grant must not have been used to count as lost once there is another like it. */
const LOST_AFTER_MS = 7 * DAY_MS;

/**
 * Deletes the grants that the app has lost, now that there is this one: the same app was allowed the
 * same in the same browser before, and has not used that for a week.
 */
export const deleteLostGrants = (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM grants WHERE account = ?1 AND id IN (
         SELECT old.id FROM grants AS new JOIN grants AS old
           ON old.account = new.account AND old.id <> new.id AND old.browser = new.browser
           AND old.origin = new.origin AND old.app_url = new.app_url AND old.flow = new.flow
           AND old.scope = new.scope AND old.created_at <= ?3
         WHERE new.account = ?1 AND new.id = ?2 AND NOT EXISTS (
           SELECT 1 FROM app_use
           WHERE account = old.account AND grant_id = old.id AND last_at > ?3))`,
    )
    .bind(account, id, now - LOST_AFTER_MS);

/** Condition of an activity entry: the grant exists. */
export const grantExists = (id: string): ActivityCondition => ({
  sql: "EXISTS (SELECT 1 FROM grants WHERE account = :account AND id = :grant)",
  values: { grant: id },
});

/**
 * Selects the scope of a valid grant, and since when its account is suspended. No row for a grant
 * that was created while its account was being deleted.
 */
export const selectGrantStatus = (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT g.scope, a.suspended_at AS suspendedAt
       FROM grants g JOIN accounts a ON a.id = g.account AND a.deleted_at IS NULL
       WHERE g.account = ?1 AND g.id = ?2 AND (g.expires_at IS NULL OR g.expires_at > ?3)`,
    )
    .bind(account, id, now);

/**
 * Loads the same of several grants, by their ids, with one call. Grants that are not valid are left out.
 */
export async function loadGrantStatusRows(
  db: D1Database,
  account: string,
  ids: string[],
  now: number,
): Promise<{ id: string; scope: string; suspendedAt: number | null }[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT g.id, g.scope, a.suspended_at AS suspendedAt
         FROM grants g JOIN accounts a ON a.id = g.account AND a.deleted_at IS NULL
         WHERE g.account = ?1 AND g.id IN (SELECT value FROM json_each(?2))
           AND (g.expires_at IS NULL OR g.expires_at > ?3)`,
      )
      .bind(account, JSON.stringify(ids), now)
      .all<{ id: string; scope: string; suspendedAt: number | null }>(),
  );
  return results;
}

/**
 * The app of a grant: its origin; the label of a program whose port may be another each time; the grant
 * itself without either.
 */
export const APP_ID = `CASE WHEN origin = '' THEN id WHEN label IS NULL THEN origin
  ELSE 'loopback ' || label END`;

/** The columns of a `GrantRow`. */
export const GRANT_COLUMNS = `account, id, ${APP_ID} AS app, origin, app_url AS appUrl, label, scope, flow,
  created_at AS createdAt, expires_at AS expiresAt`;

const selectGrants = (
  db: D1Database,
  account: string,
  app: string,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT ${GRANT_COLUMNS} FROM grants
       WHERE account = ?1 AND ${APP_ID} = ?2 AND (expires_at IS NULL OR expires_at > ?3)
       ORDER BY created_at`,
    )
    .bind(account, app, now);

/** The valid grants of an app, the oldest first. */
export async function loadGrants(
  db: D1Database,
  account: string,
  app: string,
  now: number,
): Promise<GrantRow[]> {
  const { results } = await withRetry(() => selectGrants(db, account, app, now).all<GrantRow>());
  return results;
}

/**
 * The valid grants of the app with an origin, the oldest first, and whether the account has ever allowed
 * that origin anything, as far back as its activity log goes.
 */
export async function loadGrantsAndHistory(
  db: D1Database,
  account: string,
  origin: string,
  now: number,
): Promise<{ grants: GrantRow[]; isKnown: boolean }> {
  const history = db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM grants WHERE account = ?1 AND origin = ?2)
           OR EXISTS (SELECT 1 FROM activity WHERE account = ?1 AND kind = 'app-allowed'
                        AND detail ->> 'app' = ?2) AS isKnown`,
    )
    .bind(account, origin);
  const [grants, known] = await withRetry(() =>
    db.batch([selectGrants(db, account, origin, now), history]),
  );
  return {
    grants: (grants?.results ?? []) as GrantRow[],
    isKnown: (known?.results[0] as { isKnown: number } | undefined)?.isKnown === 1,
  };
}

/** Returns null if the grant was revoked or has expired. */
export const loadGrant = (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<GrantRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT ${GRANT_COLUMNS} FROM grants
         WHERE account = ?1 AND id = ?2 AND (expires_at IS NULL OR expires_at > ?3)`,
      )
      .bind(account, id, now)
      .first<GrantRow>(),
  );

/** The grants with these ids that the account still has. */
export async function loadGrantsById(
  db: D1Database,
  account: string,
  ids: string[],
): Promise<GrantRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${GRANT_COLUMNS} FROM grants
         WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2))`,
      )
      .bind(account, JSON.stringify(ids))
      .all<GrantRow>(),
  );
  return results;
}

/** Deletes expired grants, codes, refresh tokens and device authorizations. */
export const deleteExpiredRows = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["grants", "codes", "refresh_tokens", "devices"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
