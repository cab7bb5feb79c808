/** Erasing the rows of documents and folders. */

import { withRetry } from "../../platform/retry";

/** Rows that one statement deletes. */
const PAGE_ROWS = 1000;

/**
 * Deletes some of an account's rows. Returns whether there are more. Deletes by a range, so that only
 * these rows are read.
 */
export async function deletePageOfNodes(db: D1Database, account: string): Promise<boolean> {
  const last = await withRetry(() =>
    db
      .prepare(
        `SELECT parent, name FROM nodes WHERE account = ?1
         ORDER BY parent, name LIMIT 1 OFFSET ?2`,
      )
      .bind(account, PAGE_ROWS - 1)
      .first<{ parent: string; name: string }>(),
  );
  const statement = last
    ? db
        .prepare("DELETE FROM nodes WHERE account = ?1 AND (parent, name) <= (?2, ?3)")
        .bind(account, last.parent, last.name)
    : db.prepare("DELETE FROM nodes WHERE account = ?1").bind(account);
  await withRetry(() => statement.run());
  return last !== null;
}
