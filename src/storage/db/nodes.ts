/** Reading documents and folders from the index in D1: the table `nodes`. */

import type { VersionList } from "../../core/etag";
import { type NodePath, ROOT } from "../../core/path";
import { itemsParent, rowKey } from "../row-keys";

/** A document's or folder's row. */
export interface NodeRow {
  version: string;
  /** Null: a folder. */
  type: string | null;
  /** Bytes. */
  length: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** Selects a document by its account's id. */
export function selectDocument(
  db: D1Database,
  account: string,
  node: NodePath,
): D1PreparedStatement {
  const { parent, name } = rowKey(node);
  return db
    .prepare(
      `SELECT version, type, length, modified FROM nodes
       WHERE account = ?1 AND parent = ?2 AND name = ?3`,
    )
    .bind(account, parent, name);
}

/** Selects a document by its user's name, for a request without a token. */
export function selectPublicDocument(
  db: D1Database,
  user: string,
  node: NodePath,
): D1PreparedStatement {
  const { parent, name } = rowKey(node);
  return db
    .prepare(
      `SELECT n.account, n.version, n.type, n.length, n.modified, a.suspended_at AS suspendedAt
       FROM accounts a
       JOIN nodes n ON n.account = a.id AND n.parent = ?2 AND n.name = ?3
       WHERE a.name = ?1 AND a.deleted_at IS NULL`,
    )
    .bind(user, parent, name);
}

/** A row of `selectFolder`: an item; or, in the first row, the folder itself. */
export interface FolderRow {
  /** Null: the folder itself. */
  name: string | null;
  /** Null: nothing was ever stored in the account. */
  version: string | null;
  /** Null: a folder. */
  type: string | null;
  /** Bytes of an item; of the folder itself, how many documents are below it, null: it is empty. */
  length: number | null;
  /** Milliseconds since 1970. Null: the folder is empty. */
  modified: number | null;
}

/** Items in a page: at most 26 MB of a result of D1, which ends at 50 MB, whatever their names. */
export const ITEMS_PER_PAGE = 1024;

/**
 * Selects a folder and its first page of items, or the folder alone (one row read) if the client has its version.
 * An empty folder has the version of the root, which changes whenever the folder could have changed.
 */
export function selectFolder(
  db: D1Database,
  account: string,
  node: NodePath,
  known: VersionList | undefined,
): D1PreparedStatement {
  const key = rowKey(node);
  return db
    .prepare(
      // The folder's row is read once, and decides whether its items are. As a condition on the rows
      // it would still read them all, so it is part of the join.
      // The list is searched as text: json_each would count as a row for each version, as a UNION would for
      // each of its rows, which VALUES does not.
      // The items are in the order of the primary key, by which they are found. ORDER BY would read
      // them all and sort them: SQLite does not see that there is one row to join them to.
      `SELECT c.name,
              iif(isItem, c.version, coalesce(f.version, r.version)) AS version,
              c.type,
              iif(isItem, c.length, f.documents) AS length,
              iif(isItem, c.modified, f.modified) AS modified
       FROM (SELECT 1)
       LEFT JOIN nodes f ON f.account = ?1 AND f.parent = ?2 AND f.name = ?3
       LEFT JOIN nodes r
         ON r.account = iif(f.version IS NULL, ?1, NULL) AND r.parent = '' AND r.name = '/'
       CROSS JOIN (SELECT column1 AS isItem FROM (VALUES (0), (1)))
       LEFT JOIN nodes c
         ON c.account = iif(isItem AND NOT (?5 OR instr(?6, '"' || f.version || '"')), ?1, NULL)
        AND c.parent = ?4
       WHERE c.name IS NOT NULL OR NOT isItem
       LIMIT 1 + ${ITEMS_PER_PAGE}`,
    )
    .bind(
      account,
      key.parent,
      key.name,
      itemsParent(key),
      known?.any ? 1 : 0,
      JSON.stringify(known?.versions ?? []),
    );
}

/** Selects the page of a folder's items that comes after an item's name. */
export const selectItemsAfter = (
  db: D1Database,
  account: string,
  folder: NodePath,
  after: string,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT name, version, type, length, modified FROM nodes
       WHERE account = ?1 AND parent = ?2 AND name > ?3
       ORDER BY name LIMIT ${ITEMS_PER_PAGE}`,
    )
    .bind(account, itemsParent(rowKey(folder)), after);

/** Selects a folder's `version`, bytes (`length`) and `documents`. No row: it is empty. */
export function selectFolderTotals(
  db: D1Database,
  account: string,
  folder: NodePath,
): D1PreparedStatement {
  const { parent, name } = rowKey(folder);
  return db
    .prepare(
      `SELECT version, length, documents, modified FROM nodes
       WHERE account = ?1 AND parent = ?2 AND name = ?3`,
    )
    .bind(account, parent, name);
}

/** Selects the version of the root folder. No row: nothing was ever stored. */
export const selectRoot = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare("SELECT version FROM nodes WHERE account = ?1 AND parent = ?2 AND name = ?3")
    .bind(account, ROOT.parent, ROOT.name);
