/** Reading the index of documents and folders in D1: the table `nodes`. */

import type { VersionList } from "../../core/etag";
import { type NodePath, ROOT } from "../../core/path";

/** A row as it is read. */
export interface NodeRow {
  version: string;
  type: string | null;
  length: number;
  modified: number;
}

export const selectDocument = (
  db: D1Database,
  account: string,
  node: NodePath,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT version, type, length, modified FROM nodes
       WHERE account = ?1 AND parent = ?2 AND name = ?3`,
    )
    .bind(account, node.parent, node.name);

/** A document by the name of its owner, as those ask who have no token. */
export const selectPublicDocument = (
  db: D1Database,
  user: string,
  node: NodePath,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT n.account, n.version, n.type, n.length, n.modified, a.suspended_at AS suspendedAt
       FROM accounts a
       JOIN nodes n ON n.account = a.id AND n.parent = ?2 AND n.name = ?3
       WHERE a.name = ?1 AND a.deleted_at IS NULL`,
    )
    .bind(user, node.parent, node.name);

export interface FolderRow extends NodeRow {
  /** Null: nothing was ever stored. */
  folderVersion: string | null;
  /** Null: the folder is empty. */
  folderModified: number | null;
  /** How many are below the folder; null: it is empty. */
  documents: number | null;
  /** Null: there is no item in this row. */
  name: string | null;
}

/**
 * A folder and its items, or the folder alone (one row read) if the client knows its version. A
 * folder that is empty has the version of the root: it changes whenever the folder could have.
 */
export const selectFolder = (
  db: D1Database,
  account: string,
  node: NodePath,
  known: VersionList | undefined,
): D1PreparedStatement =>
  db
    .prepare(
      // The condition stands on the join: as a condition on the rows it would still read them all.
      // The list stands as text: json_each would count as a row for each member.
      `SELECT coalesce(f.version, r.version) AS folderVersion, f.modified AS folderModified,
              f.documents, c.name, c.version, c.type, c.length, c.modified
       FROM (SELECT 1)
       LEFT JOIN nodes f ON f.account = ?1 AND f.parent = ?2 AND f.name = ?3
       LEFT JOIN nodes r
         ON r.account = iif(f.version IS NULL, ?1, NULL) AND r.parent = '' AND r.name = '/'
       LEFT JOIN nodes c
         ON c.account = iif(?5 OR instr(?6, '"' || f.version || '"'), NULL, ?1)
        AND c.parent = ?4`,
    )
    .bind(
      account,
      node.parent,
      node.name,
      node.parent + node.name,
      known?.any ? 1 : 0,
      JSON.stringify(known?.versions ?? []),
    );
export const selectRoot = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare("SELECT version FROM nodes WHERE account = ?1 AND parent = ?2 AND name = ?3")
    .bind(account, ROOT.parent, ROOT.name);

export interface UsageRow {
  quotaBytes: number;
  usedBytes: number;
  documents: number;
}

/** What an account holds and may hold. */
export const selectUsage = (
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT coalesce(a.quota_bytes, ?2) AS quotaBytes,
              coalesce(r.length, 0)
                + (SELECT coalesce(sum(bytes), 0) FROM rxdb_modules WHERE account = ?1) AS usedBytes,
              coalesce(r.documents, 0) AS documents
       FROM accounts a
       LEFT JOIN nodes r ON r.account = a.id AND r.parent = ?3 AND r.name = ?4
       WHERE a.id = ?1`,
    )
    .bind(account, defaultQuotaBytes, ROOT.parent, ROOT.name);
