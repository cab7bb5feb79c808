/**
 * The log of administrators in D1. An act begins with its row there, which is written only if the act
 * may be done; everything else in its batch depends on that row, which has its final id only at the
 * end. So nobody does what does not stand in the log, and a batch that is repeated, however late, finds
 * the act done and nothing more to do.
 */

import { withRetry } from "../../platform/retry";
import type { TimeCursor } from "../../ui/paging";
import type { Act, LogEntry } from "../log";

/** An act that is about to be done. Its id has to be fresh. */
export interface NewAct extends TimeCursor {
  act: Act;
  /** Ids of accounts. */
  admin: string;
  target: string | null;
}

/** Whether the act is being done; for the statements of its batch. */
export const actStands = (at: string, id: string): string =>
  `EXISTS (SELECT 1 FROM admin_log WHERE at = ${at} AND id = ${id})`;

/** Whether the act was done. */
export const isDone = (at: string, id: string): string =>
  `EXISTS (SELECT 1 FROM admin_log WHERE at = ${at} AND id = ${id} || '_')`;

/** The end of an act's batch: the act is done, and whether it is. */
export const finishAct = (db: D1Database, { at, id }: TimeCursor): D1PreparedStatement[] => [
  db.prepare("UPDATE admin_log SET id = id || '_' WHERE at = ?1 AND id = ?2").bind(at, id),
  db.prepare(`SELECT 1 WHERE ${isDone("?1", "?2")}`).bind(at, id),
];

/** Writes an act down if an administrator, `a`, does it, and `condition` holds of the target, `t`. */
function insertAct(
  db: D1Database,
  { at, id, admin, target, act: { kind, ...detail } }: NewAct,
  condition: string,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO admin_log (at, id, admin, kind, account, detail)
       SELECT ?1, ?2, a.name, ?5, t.name, ?6
       FROM accounts a LEFT JOIN accounts t ON t.id = ?4
       WHERE a.id = ?3 AND a.is_admin = 1 AND a.suspended_at IS NULL AND a.deleted_at IS NULL
         AND ${condition} AND NOT ${isDone("?1", "?2")}
       ON CONFLICT DO NOTHING`,
    )
    .bind(at, id, admin, target, kind, JSON.stringify(detail));
}

/** Does an act with all its effects, in one batch. False, and nothing written, if it may not be done. */
export async function runAct(
  db: D1Database,
  act: NewAct,
  condition: string,
  effects: D1PreparedStatement[],
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([insertAct(db, act, condition), ...effects, ...finishAct(db, act)]),
  );
  return answers.at(-1)?.results.length === 1;
}

/** The newest first. */
export async function loadActs(
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<LogEntry[]> {
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
    act: { kind, ...JSON.parse(detail) } as Act,
  }));
}

export const deleteOldActs = (db: D1Database, before: number): D1PreparedStatement =>
  db.prepare("DELETE FROM admin_log WHERE at < ?1").bind(before);
