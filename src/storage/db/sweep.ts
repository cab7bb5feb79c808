/** What the sweep reads from the index, and the repair of drifted totals. */

import { formatPath, type NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { type RowKey, rowKey, rowKeys } from "../row-keys";
import { withFullPaths } from "./paths";
import { rowBytesSql } from "./row-bytes";
import { selectUsage, type UsageRow } from "./usage";

/** Of one parameter: D1 allows 2,000,000 bytes. */
const MAX_PATHS_BYTES = 1_000_000;

/** Loads the versions that the index names now, by path; documents without a row are left out. */
export async function loadVersions(
  db: D1Database,
  account: string,
  documents: NodePath[],
): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (const part of splitByBytes(documents)) {
    const keys = part.map(rowKey).map(({ parent, name }) => [parent, name]);
    const { results } = await withRetry(() =>
      db
        .prepare(
          `SELECT d.key AS position, n.version
           FROM json_each(?2) d CROSS JOIN nodes n
           WHERE n.account = ?1 AND n.parent = d.value ->> 0 AND n.name = d.value ->> 1`,
        )
        .bind(account, JSON.stringify(keys))
        .all<{ position: number; version: string }>(),
    );
    for (const { position, version } of results) {
      versions.set(formatPath(part[position] as NodePath), version);
    }
  }
  return versions;
}

/** Splits documents so that the paths of each part fit into one parameter. */
function splitByBytes(documents: NodePath[]): NodePath[][] {
  const encoder = new TextEncoder();
  const parts: NodePath[][] = [];
  let partBytes = Number.POSITIVE_INFINITY;
  for (const document of documents) {
    const names = JSON.stringify([document.parent, document.name]);
    const bytes = encoder.encode(names).byteLength + 1;
    if (partBytes + bytes > MAX_PATHS_BYTES) {
      parts.push([]);
      partBytes = 0;
    }
    parts.at(-1)?.push(document);
    partBytes += bytes;
  }
  return parts;
}

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
