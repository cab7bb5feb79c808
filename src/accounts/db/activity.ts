/** The activity log in D1. */

import { withRetry } from "../../platform/retry";
import type { Deed, Entry } from "../activity";

/** In SQL: what has to hold for a deed to be done. ?1 is the account, ?6 and so on the `values`. */
export interface Condition {
  sql: string;
  values: (string | null)[];
}

const ALWAYS: Condition = { sql: "true", values: [] };

/** What an administrator did at the same time stands in their log by this id. */
export const ofAct = (act: string): Condition => ({
  sql: "EXISTS (SELECT 1 FROM admin_log WHERE at = ?2 AND id = ?6)",
  values: [act],
});

/** Its id has to be fresh, so that it can be repeated. Comes before what makes `onlyIf` untrue. */
export function insertActivity(
  db: D1Database,
  account: string,
  { at, id, deed: { kind, ...detail } }: Entry,
  { sql, values }: Condition = ALWAYS,
): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO activity (account, at, id, kind, detail)
       SELECT ?1, ?2, ?3, ?4, ?5 WHERE ${sql}
       ON CONFLICT DO NOTHING`,
    )
    .bind(account, at, id, kind, JSON.stringify(detail), ...values);
}

/** The newest first. */
export async function loadActivity(
  db: D1Database,
  account: string,
  before: Pick<Entry, "at" | "id"> | null,
  limit: number,
): Promise<Entry[]> {
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
    deed: { kind, ...JSON.parse(detail) } as Deed,
  }));
}

export const deleteOldActivity = (db: D1Database, before: number): D1PreparedStatement =>
  db.prepare("DELETE FROM activity WHERE at < ?1").bind(before);
