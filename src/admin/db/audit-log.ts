/**
 * The audit log in D1, and the transaction of an action with its log row (table `admin_log`).
 *
 *   executeAction(action, condition, effects), in ONE batch:
 *     insert the log row with id `x`      only if the admin is one, `condition` holds, and `x_` is not there
 *     effects                             each only if the row `x` is there (isPendingSql)
 *     rename the row's id to `x_`         the action is committed
 *     select the row `x_`                 one row: it was committed, now or by an earlier attempt
 *
 * Nobody can act without a log entry. The batch is idempotent: a repetition, however late, finds the
 * row `x_`, inserts nothing, and so none of the effects applies.
 */

import { withRetry } from "../../platform/retry";
import type { TimeCursor } from "../../ui/paging";
import type { AdminAction, AuditLogEntry } from "../admin-action";

/** An action that is about to be performed. Its id must be fresh. */
export interface PendingAction extends TimeCursor {
  action: AdminAction;
  /** Account id of the administrator. */
  admin: string;
  /** Id of the account that the action concerns. */
  target: string | null;
}

/** SQL condition: the action's batch is running. `at` and `id` are SQL parameters such as `?1`. */
export const isPendingSql = (at: string, id: string): string =>
  `EXISTS (SELECT 1 FROM admin_log WHERE at = ${at} AND id = ${id})`;

/** SQL condition: the action was committed. `at` and `id` are SQL parameters such as `?1`. */
export const isCommittedSql = (at: string, id: string): string =>
  `EXISTS (SELECT 1 FROM admin_log WHERE at = ${at} AND id = ${id} || '_')`;

/** The last statements of an action's batch: commit it, and select a row if it is committed. */
export const commitAction = (db: D1Database, { at, id }: TimeCursor): D1PreparedStatement[] => [
  db.prepare("UPDATE admin_log SET id = id || '_' WHERE at = ?1 AND id = ?2").bind(at, id),
  db.prepare(`SELECT 1 WHERE ${isCommittedSql("?1", "?2")}`).bind(at, id),
];

/** Logs the action if `a` is an administrator and `condition`, in SQL, holds for the target `t`. */
function insertPendingAction(
  db: D1Database,
  { at, id, admin, target, action: { kind, ...detail } }: PendingAction,
  condition: string,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO admin_log (at, id, admin, kind, account, detail)
       SELECT ?1, ?2, a.name, ?5, t.name, ?6
       FROM accounts a LEFT JOIN accounts t ON t.id = ?4
       WHERE a.id = ?3 AND a.is_admin = 1 AND a.suspended_at IS NULL AND a.deleted_at IS NULL
         AND ${condition} AND NOT ${isCommittedSql("?1", "?2")}
       ON CONFLICT DO NOTHING`,
    )
    .bind(at, id, admin, target, kind, JSON.stringify(detail));
}

/**
 * Performs an action with all its effects in one batch. Returns false, and writes nothing, if it is not
 * allowed.
 */
export async function executeAction(
  db: D1Database,
  action: PendingAction,
  condition: string,
  effects: D1PreparedStatement[],
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([insertPendingAction(db, action, condition), ...effects, ...commitAction(db, action)]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Loads at most `limit` entries, newest first, only those before `before` if it is given. */
export async function loadAuditLog(
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<AuditLogEntry[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT at, id, admin, kind, account, detail FROM admin_log
         WHERE (at, id) < (?1, ?2) ORDER BY at DESC, id DESC LIMIT ?3`,
      )
      .bind(before?.at ?? Number.MAX_SAFE_INTEGER, before?.id ?? "", limit)
      .all<TimeCursor & { admin: string; kind: string; account: string | null; detail: string }>(),
  );
  return results.map(({ kind, detail, ...entry }) => ({
    ...entry,
    action: { kind, ...JSON.parse(detail) } as AdminAction,
  }));
}

/** Deletes entries older than `before` (milliseconds since 1970). */
export const deleteAuditLogBefore = (db: D1Database, before: number): D1PreparedStatement =>
  db.prepare("DELETE FROM admin_log WHERE at < ?1").bind(before);
