/** Finding the paths of folders from shortened keys: `row-keys.ts`. */

import { withRetry } from "../../platform/retry";
import { SHORTENED_CHARACTERS } from "../row-keys";

/**
 * Replaces each row's `parent` by the path that it stands for. Asks D1 only if one of them was
 * shortened. Throws if the index lacks a folder that has items.
 */
export async function withFullPaths<Row extends { parent: string }>(
  db: D1Database,
  account: string,
  rows: Row[],
): Promise<Row[]> {
  const shortened = new Set(rows.map(({ parent }) => parent).filter(isShortened));
  if (shortened.size === 0) return rows;
  const { results } = await withRetry(() =>
    db
      .prepare(
        `WITH RECURSIVE step (shortened, parent, names) AS (
           SELECT value, value, '' FROM json_each(?2)
           UNION ALL
           SELECT shortened, folder.parent, folder.name || substr(step.parent, ?3 + 1) || names
           FROM step JOIN nodes folder
             ON folder.account = ?1 AND folder.items_parent = substr(step.parent, 1, ?3)
         )
         SELECT shortened, parent || names AS path FROM step WHERE parent LIKE '/%'`,
      )
      .bind(account, JSON.stringify([...shortened]), SHORTENED_CHARACTERS)
      .all<{ shortened: string; path: string }>(),
  );
  const paths = new Map(results.map(({ shortened, path }) => [shortened, path]));
  return rows.map((row) => {
    const parent = isShortened(row.parent) ? paths.get(row.parent) : row.parent;
    if (parent === undefined) throw new Error("The index lacks a folder that has items.");
    return { ...row, parent };
  });
}

const isShortened = (parent: string): boolean => parent.startsWith("#");
