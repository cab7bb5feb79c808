/**
 * Grants in D1. Every write comes to the same when it is repeated, so that one whose answer got lost
 * can be asked again.
 */

import type { Condition } from "../../accounts/activity";
import type { Env } from "../../env";
import { batchAndNotifyModules } from "../../modules/modules";
import { withRetry } from "../../platform/retry";

export interface GrantRow {
  account: string;
  id: string;
  origin: string;
  appUrl: string;
  /** What an app without an origin is called. */
  label: string | null;
  scope: string;
  flow: "implicit" | "code" | "token" | "device";
  createdAt: number;
  expiresAt: number | null;
}

/** Makes a grant. Its id has to be fresh. `alsoDo` comes in the same batch. */
export async function insertGrant(
  db: D1Database,
  grant: GrantRow,
  alsoDo: D1PreparedStatement[] = [],
): Promise<void> {
  const { account, id, origin, appUrl, label, scope, flow, createdAt, expiresAt } = grant;
  await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO grants
             (account, id, origin, app_url, label, scope, flow, created_at, expires_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
           ON CONFLICT DO NOTHING`,
        )
        .bind(account, id, origin, appUrl, label, scope, flow, createdAt, expiresAt),
      ...alsoDo,
    ]),
  );
}

/**
 * The grant if it stands, and since when its account is suspended. One that was given while the
 * account was being deleted does not stand.
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

const COLUMNS = `account, id, origin, app_url AS appUrl, label, scope, flow,
  created_at AS createdAt, expires_at AS expiresAt`;

const selectGrants = (db: D1Database, account: string, now: number): D1PreparedStatement =>
  db
    .prepare(
      `SELECT ${COLUMNS} FROM grants
       WHERE account = ?1 AND (expires_at IS NULL OR expires_at > ?2)
       ORDER BY created_at`,
    )
    .bind(account, now);

/** All grants of an account that stand, the oldest first. */
export async function loadGrants(
  db: D1Database,
  account: string,
  now: number,
): Promise<GrantRow[]> {
  const { results } = await withRetry(() => selectGrants(db, account, now).all<GrantRow>());
  return results;
}

/**
 * The same, and whether the account has, or as far as its log goes back had, anything to do with an
 * origin.
 */
export async function loadGrantsAndHistory(
  db: D1Database,
  account: string,
  origin: string,
  now: number,
): Promise<{ grants: GrantRow[]; hasMet: boolean }> {
  const meeting = db
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM grants WHERE account = ?1 AND origin = ?2)
           OR EXISTS (SELECT 1 FROM activity WHERE account = ?1 AND kind = 'app-allowed'
                        AND detail ->> 'app' = ?2) AS hasMet`,
    )
    .bind(account, origin);
  const [grants, met] = await withRetry(() => db.batch([selectGrants(db, account, now), meeting]));
  return {
    grants: (grants?.results ?? []) as GrantRow[],
    hasMet: (met?.results[0] as { hasMet: number } | undefined)?.hasMet === 1,
  };
}

/** A grant if it stands. */
export const loadGrant = (
  db: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<GrantRow | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT ${COLUMNS} FROM grants
         WHERE account = ?1 AND id = ?2 AND (expires_at IS NULL OR expires_at > ?3)`,
      )
      .bind(account, id, now)
      .first<GrantRow>(),
  );

/** Revokes a grant; nothing happens if it is gone. `before` comes first in the same batch. */
export async function deleteGrant(
  env: Env,
  account: string,
  id: string,
  before: D1PreparedStatement[],
): Promise<void> {
  const revoke = env.DB.prepare("DELETE FROM grants WHERE account = ?1 AND id = ?2");
  await batchAndNotifyModules(env, account, [...before, revoke.bind(account, id)]);
}

/** For the log of the person, before it is revoked: whether the grant is there. */
export const grantExists = (id: string): Condition => ({
  sql: "EXISTS (SELECT 1 FROM grants WHERE account = ?1 AND id = ?6)",
  values: [id],
});

/** The grants of one app: those of its origin, or the one without an origin that has this id. */
const OF_APP = "account = ?1 AND ((origin <> '' AND origin = ?2) OR (origin = '' AND id = ?2))";

/**
 * Revokes all grants that an account has given to an app, and the codes that could make one.
 * `alsoDo` comes in the same batch.
 */
export async function deleteGrantsOfApp(
  env: Env,
  account: string,
  app: string,
  alsoDo: D1PreparedStatement[],
): Promise<void> {
  await batchAndNotifyModules(env, account, [
    env.DB.prepare(`DELETE FROM grants WHERE ${OF_APP}`).bind(account, app),
    deleteCodes(env.DB, account),
    ...alsoDo,
  ]);
}

/** Revokes all grants of an account, and whatever could still make one. */
export async function deleteAllGrants(
  env: Env,
  account: string,
  alsoDo: D1PreparedStatement[],
): Promise<void> {
  await batchAndNotifyModules(env, account, [
    env.DB.prepare("DELETE FROM grants WHERE account = ?1").bind(account),
    deleteCodes(env.DB, account),
    env.DB.prepare("DELETE FROM devices WHERE account = ?1 AND successor IS NULL").bind(account),
    ...alsoDo,
  ]);
}

/** Of any app: a code lives for a minute, and an app whose code is gone asks again. */
const deleteCodes = (db: D1Database, account: string): D1PreparedStatement =>
  db.prepare("DELETE FROM codes WHERE account = ?1 AND successor IS NULL").bind(account);

/** What a grant was, and what is left of it; a scope of null: nothing. */
export interface GrantChange {
  account: string;
  id: string;
  old: Pick<GrantRow, "scope" | "expiresAt">;
  left: { scope: string | null; expiresAt: number | null };
}

/** In SQL, of grants beside `cut`, one of the cuts in JSON: whether the grant still is what it was. */
const IS_OLD = `grants.account = cut.value ->> '$.account' AND grants.id = cut.value ->> '$.id'
  AND grants.scope = cut.value ->> '$.old.scope'
  AND grants.expires_at IS cut.value ->> '$.old.expiresAt'`;

/** For the log of the person, before the cuts: whether any of them cuts something. */
export const anyChangeApplies = (cuts: GrantChange[]): Condition => ({
  sql: `EXISTS (SELECT 1 FROM json_each(?6) AS cut CROSS JOIN grants WHERE ${IS_OLD})`,
  values: [JSON.stringify(cuts)],
});

/**
 * Cuts grants of an app, each only if it still is what it was, and deletes the codes that could
 * make one as wide as before. `before` comes first in the same batch. Returns the grants of the app
 * as they stand then.
 */
export async function narrowGrants(
  env: Env,
  account: string,
  app: string,
  cuts: GrantChange[],
  before: D1PreparedStatement[],
  now: number,
): Promise<GrantRow[]> {
  const db = env.DB;
  const statements = [
    ...before,
    db
      .prepare(
        `UPDATE grants SET scope = cut.value ->> '$.left.scope',
                           expires_at = cut.value ->> '$.left.expiresAt'
         FROM json_each(?1) AS cut
         WHERE ${IS_OLD} AND cut.value ->> '$.left.scope' IS NOT NULL`,
      )
      .bind(JSON.stringify(cuts)),
    db
      .prepare(
        `DELETE FROM grants WHERE (account, id) IN
           (SELECT grants.account, grants.id FROM json_each(?1) AS cut CROSS JOIN grants
            WHERE ${IS_OLD} AND cut.value ->> '$.left.scope' IS NULL)`,
      )
      .bind(JSON.stringify(cuts)),
    deleteCodes(db, account),
    db
      .prepare(
        `SELECT ${COLUMNS} FROM grants
         WHERE ${OF_APP} AND (expires_at IS NULL OR expires_at > ?3) ORDER BY created_at`,
      )
      .bind(account, app, now),
  ];
  const answers = await batchAndNotifyModules<GrantRow>(env, account, statements);
  return answers.at(-1)?.results ?? [];
}

/** Grants, codes, refresh tokens and requests of devices that have expired. */
export const deleteExpiredRows = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["grants", "codes", "refresh_tokens", "devices"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
