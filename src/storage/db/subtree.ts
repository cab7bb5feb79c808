/** The documents below a folder, at any depth. */

import { formatPath, type NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import type { RowKey } from "../row-keys";
import type { DocumentListing } from "./export";
import { withFullPaths } from "./paths";

/** Some of the documents below a folder. */
export interface SubtreePage {
  documents: DocumentListing[];
  /** The rows that were looked at. */
  rows: number;
  /** The position to go on from; null: there are no more. */
  next: RowKey | null;
}

/** Rows whose `parent` was shortened: they may be below any folder with a long path (`row-keys.ts`). */
const SHORTENED = { start: "#", end: "$" };

const START: RowKey = { parent: SHORTENED.start, name: "" };

/**
 * Loads the documents below a folder that come after a position (null: from the first), out of at most
 * `maxRows` rows. In the order of the index: first those with long paths, then the others by folder and
 * name. Rows of other folders with long paths count as looked at, too.
 */
export async function loadSubtreePage(
  db: D1Database,
  account: string,
  folder: NodePath,
  position: RowKey | null,
  maxRows: number,
): Promise<SubtreePage> {
  const path = formatPath(folder);
  const after = position ?? START;
  const isShortened = after.parent.startsWith(SHORTENED.start);
  // A folder's path ends with a slash; "0" is the character after it.
  const own = { start: path, end: `${path.slice(0, -1)}0` };
  const range = isShortened ? SHORTENED : own;
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT parent, name, version, type, length, modified FROM nodes
         WHERE account = ?1 AND (parent, name) > (?2, ?3) AND parent < ?4
         ORDER BY parent, name LIMIT ?5`,
      )
      .bind(account, after.parent, after.name, range.end, maxRows)
      .all<DocumentListing>(),
  );
  const last = results.at(-1);
  const isWholeRange = results.length < maxRows || last === undefined;
  const next = isWholeRange
    ? isShortened
      ? { parent: own.start, name: "" }
      : null
    : { parent: last.parent, name: last.name };
  const rows = await withFullPaths(db, account, results);
  const documents = rows.filter(({ type, parent }) => type !== null && parent.startsWith(path));
  return { documents, rows: rows.length, next };
}

/** All pages of `loadSubtreePage`. */
export async function* subtreePages(
  db: D1Database,
  account: string,
  folder: NodePath,
  maxRows: number,
): AsyncGenerator<SubtreePage, void> {
  let next: RowKey | null = null;
  do {
    const page: SubtreePage = await loadSubtreePage(db, account, folder, next, maxRows);
    yield page;
    next = page.next;
  } while (next !== null);
}
