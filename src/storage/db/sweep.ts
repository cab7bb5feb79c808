/** What the sweep asks of the index, and how it sets drifted totals right. */

import { ancestorsOf, type NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { selectUsage, type UsageRow } from "./nodes";

/** Paths that fit into one parameter of D1, however long they are. */
const MAX_PATHS = 400;

/** The versions that the index names now, by path; documents that are not there are missing. */
export async function loadVersions(
  db: D1Database,
  account: string,
  documents: NodePath[],
): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (let start = 0; start < documents.length; start += MAX_PATHS) {
    const names = documents
      .slice(start, start + MAX_PATHS)
      .map(({ parent, name }) => [parent, name]);
    const { results } = await withRetry(() =>
      db
        .prepare(
          `SELECT n.parent || n.name AS path, n.version
           FROM json_each(?2) d CROSS JOIN nodes n
           WHERE n.account = ?1 AND n.parent = d.value ->> 0 AND n.name = d.value ->> 1`,
        )
        .bind(account, JSON.stringify(names))
        .all<{ path: string; version: string }>(),
    );
    for (const { path, version } of results) versions.set(path, version);
  }
  return versions;
}

/** Bytes that the account may hold. */
export async function loadQuota(
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): Promise<number> {
  const question = selectUsage(db, account, defaultQuotaBytes);
  const usage = await withRetry(() => question.first<UsageRow>());
  return usage?.quotaBytes ?? defaultQuotaBytes;
}

/** Rows of the index that are looked through at a time. */
const PAGE_ROWS = 2000;

/** Where a walk through the index stands: it goes backwards, from the last row to the root. */
export interface IndexPlace {
  parent: string;
  name: string;
}

/** After every path. */
const END: IndexPlace = { parent: "\u{10ffff}", name: "" };

const TOTALS = `
  SELECT coalesce(sum(c.length), 0), coalesce(sum(c.documents), 0)
  FROM nodes c WHERE c.account = ?1 AND c.parent = nodes.parent || nodes.name`;

/**
 * Looks through the rows before `before` (null: from the end) for folders whose totals are not
 * those of their items. Backwards, so that a folder comes after all that is below it.
 */
export async function findDriftedFolders(
  db: D1Database,
  account: string,
  before: IndexPlace | null,
): Promise<{ drifted: NodePath[]; place: IndexPlace | null }> {
  const { parent, name } = before ?? END;
  const [last, found] = await withRetry(() =>
    db.batch<IndexPlace>([
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
             SELECT parent, name, type, length, documents FROM nodes
             WHERE account = ?1 AND (parent, name) < (?2, ?3)
             ORDER BY parent DESC, name DESC LIMIT ?4
           ) AS nodes
           WHERE type IS NULL AND (length, documents) IS NOT (${TOTALS})
           ORDER BY parent DESC, name DESC`,
        )
        .bind(account, parent, name, PAGE_ROWS),
    ]),
  );
  const drifted = (found?.results ?? []).map((row): NodePath => ({ kind: "folder", ...row }));
  return { drifted, place: last?.results[0] ?? null };
}

/**
 * Sets the totals of a folder and of all above it to those of their items. A commit shifts a
 * document and all its ancestors at once, so whatever comes in between leaves right what is right.
 */
export async function repairTotals(
  db: D1Database,
  account: string,
  folder: NodePath,
): Promise<void> {
  const upwards = [folder, ...ancestorsOf(folder).reverse()];
  await withRetry(() =>
    db.batch(
      upwards.map(({ parent, name }) =>
        db
          .prepare(
            `UPDATE nodes SET (length, documents) = (${TOTALS})
             WHERE account = ?1 AND parent = ?2 AND name = ?3`,
          )
          .bind(account, parent, name),
      ),
    ),
  );
}
