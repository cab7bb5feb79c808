/** Revoking and narrowing grants in D1. Writes are idempotent, so they are safe to retry. */

import { type ActivityEntry, insertActivity } from "../../accounts/activity";
import type { Env } from "../../env";
import { batchAndRecheckSockets } from "../../modules/modules";
import { APP_ID, GRANT_COLUMNS, type GrantRow } from "./grants";

/** Deletes a grant if it exists. `activity` runs before that, in the same batch. */
export async function deleteGrant(
  env: Env,
  account: string,
  id: string,
  activity: D1PreparedStatement[],
): Promise<void> {
  const deletion = env.DB.prepare("DELETE FROM grants WHERE account = ?1 AND id = ?2");
  await batchAndRecheckSockets(env, account, [...activity, deletion.bind(account, id)]);
}

/** Matches the grants of an app. */
const IS_OF_APP = `account = ?1 AND ${APP_ID} = ?2`;

/**
 * Deletes all grants of some apps, and the codes that could create another. `activity` runs in the same
 * batch.
 */
export async function deleteGrantsOfApps(
  env: Env,
  account: string,
  apps: string[],
  activity: D1PreparedStatement[],
): Promise<void> {
  await batchAndRecheckSockets(env, account, [
    env.DB.prepare(
      `DELETE FROM grants
       WHERE account = ?1 AND ${APP_ID} IN (SELECT value FROM json_each(?2))`,
    ).bind(account, JSON.stringify(apps)),
    deleteUnusedCodes(env.DB, account),
    ...activity,
  ]);
}

/**
 * Deletes all grants of an account, and the codes and device authorizations that could create
 * another. `activity` runs in the same batch.
 */
export async function deleteAllGrants(
  env: Env,
  account: string,
  activity: D1PreparedStatement[],
): Promise<void> {
  await batchAndRecheckSockets(env, account, [
    env.DB.prepare("DELETE FROM grants WHERE account = ?1").bind(account),
    deleteUnusedCodes(env.DB, account),
    env.DB.prepare("DELETE FROM devices WHERE account = ?1 AND successor IS NULL").bind(account),
    ...activity,
  ]);
}

/** Of all apps: a code lives for a minute, and an app that loses its code asks again. */
const deleteUnusedCodes = (db: D1Database, account: string): D1PreparedStatement =>
  db.prepare("DELETE FROM codes WHERE account = ?1 AND successor IS NULL").bind(account);

/** A grant before and after it is narrowed. A scope of null after it: the grant is deleted. */
export interface GrantChange {
  account: string;
  id: string;
  before: Pick<GrantRow, "scope" | "expiresAt">;
  after: { scope: string | null; expiresAt: number | null };
}

/** Joins `grants` to `change`, a `GrantChange` in JSON, if the grant still is what it was before. */
const IS_AS_BEFORE = `grants.account = change.value ->> '$.account'
  AND grants.id = change.value ->> '$.id'
  AND grants.scope = change.value ->> '$.before.scope'
  AND grants.expires_at IS change.value ->> '$.before.expiresAt'`;

/** A value in D1 has at most 2 MB, and hundreds of grants with long scopes need more. */
const MAX_JSON_LENGTH = 1_000_000;

/**
 * Narrows grants of an app, each only if it still is what it was before, and deletes the codes that
 * could create one with the old scope. The entry is in the activity log, once, if any grant is
 * changed. Returns the app's grants afterwards.
 */
export async function narrowGrants(
  env: Env,
  account: string,
  app: string,
  changes: GrantChange[],
  entry: ActivityEntry,
  now: number,
): Promise<GrantRow[]> {
  const db = env.DB;
  const results = await batchAndRecheckSockets<GrantRow>(env, account, [
    ...jsonArrays(changes).flatMap((json) => changeStatements(db, account, json, entry)),
    deleteUnusedCodes(db, account),
    db
      .prepare(
        `SELECT ${GRANT_COLUMNS} FROM grants
         WHERE ${IS_OF_APP} AND (expires_at IS NULL OR expires_at > ?3) ORDER BY created_at`,
      )
      .bind(account, app, now),
  ]);
  return results.at(-1)?.results ?? [];
}

/** The statements that make changes, a JSON array of `GrantChange`s. */
const changeStatements = (
  db: D1Database,
  account: string,
  json: string,
  entry: ActivityEntry,
): D1PreparedStatement[] => [
  insertActivity(db, account, entry, {
    sql: `EXISTS (SELECT 1 FROM json_each(:changes) AS change CROSS JOIN grants WHERE ${IS_AS_BEFORE})`,
    values: { changes: json },
  }),
  db
    .prepare(
      `UPDATE grants SET scope = change.value ->> '$.after.scope',
                         expires_at = change.value ->> '$.after.expiresAt'
       FROM json_each(?1) AS change
       WHERE ${IS_AS_BEFORE} AND change.value ->> '$.after.scope' IS NOT NULL`,
    )
    .bind(json),
  db
    .prepare(
      `DELETE FROM grants WHERE (account, id) IN
         (SELECT grants.account, grants.id FROM json_each(?1) AS change CROSS JOIN grants
          WHERE ${IS_AS_BEFORE} AND change.value ->> '$.after.scope' IS NULL)`,
    )
    .bind(json),
];

/** The changes as JSON arrays that D1 accepts as values. */
function jsonArrays(changes: GrantChange[]): string[] {
  const arrays: string[][] = [];
  let length = MAX_JSON_LENGTH;
  for (const change of changes) {
    const json = JSON.stringify(change);
    if (length + json.length > MAX_JSON_LENGTH) {
      arrays.push([]);
      length = 0;
    }
    arrays.at(-1)?.push(json);
    length += json.length;
  }
  return arrays.map((array) => `[${array.join(",")}]`);
}
