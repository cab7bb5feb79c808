/** What the sweep reads from the index, and the repair of drifted totals. */

import type { NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { type RowKey, rowKeys } from "../row-keys";
import { withFullPaths } from "./paths";
import { rowBytesSql } from "./row-bytes";
import { selectUsage, type UsageRow } from "./usage";

/** Loads an account's quota in bytes. */
export async function loadQuota(
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): Promise<number> {
  const statement = selectUsage(db, account, defaultQuotaBytes);
  const usage = await withRetry(() => statement.first<UsageRow>());
  return usage?.quotaBytes ?? defaultQuotaBytes;
}

/** Rows of the index that are checked at a time. */
const PAGE_ROWS = 2000;

/** After every key. */
const AFTER_ALL: RowKey = { parent: "\u{10ffff}", name: "" };

const TOTALS = `
  SELECT coalesce(sum(c.length), 0), coalesce(sum(c.documents), 0),
    ${rowBytesSql("nodes")} + coalesce(sum(c.index_bytes), 0)
  FROM nodes c
  WHERE c.account = ?1 AND c.parent = coalesce(nodes.items_parent, nodes.parent || nodes.name)`;

/**
 * Finds the folders whose totals are not those of their items, in a page of rows before `before`
 * (null: from the end). Backwards, so that a folder mostly comes after all that is below it. Returns
 * with them where the next page begins; null after the last.
 */
export async function findDriftedFolders(
  db: D1Database,
  account: string,
  before: RowKey | null,
): Promise<{ drifted: NodePath[]; nextBefore: RowKey | null }> {
  const { parent, name } = before ?? AFTER_ALL;
  const [last, found] = await withRetry(() =>
    db.batch<RowKey>([
      db
        .prepare(
          `SELECT parent, name FROM nodes
           WHERE account = ?1 AND (parent, name) < (?2, ?3)
           ORDER BY parent DESC, name DESC LIMIT 1 OFFSET ?4`,
        )
        .bind(account, parent, name, PAGE_ROWS - 1),
      db
        .prepare(
          `SELECT parent, name FROM (
             SELECT parent, name, type, length, documents, items_parent, index_bytes FROM nodes
             WHERE account = ?1 AND (parent, name) < (?2, ?3)
             ORDER BY parent DESC, name DESC LIMIT ?4
           ) AS nodes
           WHERE type IS NULL AND (length, documents, index_bytes) IS NOT (${TOTALS})
           ORDER BY parent DESC, name DESC`,
        )
        .bind(account, parent, name, PAGE_ROWS),
    ]),
  );
  const folders = await withFullPaths(db, account, found?.results ?? []);
  const drifted = folders.map((folder): NodePath => ({ kind: "folder", ...folder }));
  return { drifted, nextBefore: last?.results[0] ?? null };
}

/**
 * Sets the totals of a folder and of all folders above it to the sums of their items. A commit shifts
 * a document and all its ancestors at once, so one that comes in between keeps correct totals correct.
 */
export async function repairTotals(
  db: D1Database,
  account: string,
  folder: NodePath,
): Promise<void> {
  const upwards = rowKeys(folder).reverse();
  await withRetry(() =>
    db.batch(
      upwards.map(({ parent, name }) =>
        db
          .prepare(
            `UPDATE nodes SET (length, documents, index_bytes) = (${TOTALS})
             WHERE account = ?1 AND parent = ?2 AND name = ?3`,
          )
          .bind(account, parent, name),
      ),
    ),
  );
}
