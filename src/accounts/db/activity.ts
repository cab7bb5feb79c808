/** The activity log in D1. */

import { DAY_MS } from "../../core/time";
import { withRetry } from "../../platform/retry";
import { bindSql, compileSql } from "../../platform/sql";
import type { ActivityEntry, ActivityEvent } from "../activity-entry";

/**
 * What has to hold for an entry to be written: an SQL expression that may name `:account`, `:at` (the
 * entry's time), and the keys of `values`, as in
 *
 *   { sql: "EXISTS (SELECT 1 FROM grants WHERE account = :account AND id = :grant)",
 *     values: { grant: id } }
 */
export interface ActivityCondition {
  sql: string;
  values: Record<string, string | null>;
}

const ALWAYS: ActivityCondition = { sql: "true", values: {} };

/** Holds if an administrator's action of the same time is in the audit log. */
export const adminActionCondition = (adminActionId: string): ActivityCondition => ({
  sql: "EXISTS (SELECT 1 FROM admin_log WHERE at = :at AND id = :action)",
  values: { action: adminActionId },
});

/**
 * Holds unless the same event was recorded in the day before the entry. By the index of kinds: SQLite would
 * rather read all of the account's entries of the day.
 */
export const NOT_RECORDED_TODAY: ActivityCondition = {
  sql: `NOT EXISTS (SELECT 1 FROM activity INDEXED BY activity_by_kind
                    WHERE account = :account AND kind = :kind AND at > :at - ${DAY_MS}
                    AND detail = :detail)`,
  values: {},
};

/**
 * The statement that writes an entry if `condition` holds. Idempotent: the entry's id has to be new.
 * In a batch it has to come before the statements that make the condition false.
 */
export function insertActivity(
  db: D1Database,
  account: string,
  { at, id, event: { kind, ...detail } }: ActivityEntry,
  condition: ActivityCondition = ALWAYS,
): D1PreparedStatement {
  const statement = compileSql(
    `INSERT INTO activity (account, at, id, kind, detail)
     SELECT :account, :at, :id, :kind, :detail WHERE ${condition.sql}
     ON CONFLICT DO NOTHING`,
  );
  const values = { account, at, id, kind, detail: JSON.stringify(detail), ...condition.values };
  return bindSql(db, statement, values);
}

/** The latest entries, newest first, at most `limit`; only those before `before` if given. */
export async function loadActivity(
  db: D1Database,
  account: string,
  before: Pick<ActivityEntry, "at" | "id"> | null,
  limit: number,
): Promise<ActivityEntry[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT at, id, kind, detail FROM activity
         WHERE account = ?1 AND (at, id) < (?2, ?3)
         ORDER BY at DESC, id DESC LIMIT ?4`,
      )
      .bind(account, before?.at ?? Number.MAX_SAFE_INTEGER, before?.id ?? "", limit)
      .all<{ at: number; id: string; kind: string; detail: string }>(),
  );
  return results.map(({ at, id, kind, detail }) => ({
    at,
    id,
    event: { kind, ...JSON.parse(detail) } as ActivityEvent,
  }));
}

/** Deletes the entries from before a time. */
export const deleteOldActivity = (db: D1Database, before: number): D1PreparedStatement =>
  db.prepare("DELETE FROM activity WHERE at < ?1").bind(before);
