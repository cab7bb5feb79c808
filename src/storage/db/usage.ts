/** How much an account uses of its quota, by the index. */

import { ROOT } from "../../core/path";

/**
 * SQL for the bytes that the account `a` uses: its documents and their index, by the row `r` of its
 * storage root, and its databases.
 */
export const USED_BYTES_SQL =
  "coalesce(r.length + r.index_bytes, 0) + (SELECT coalesce(sum(m.bytes), 0) FROM rxdb_modules m WHERE m.account = a.id)";

/** An account's quota and usage. */
export interface UsageRow {
  quotaBytes: number;
  usedBytes: number;
  /** The part of them that the index of names and folders takes. */
  indexBytes: number;
  documents: number;
}

/** Selects an account's quota and usage. */
export const selectUsage = (
  db: D1Database,
  account: string,
  defaultQuotaBytes: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT coalesce(a.quota_bytes, ?2) AS quotaBytes, ${USED_BYTES_SQL} AS usedBytes,
              coalesce(r.index_bytes, 0) AS indexBytes, coalesce(r.documents, 0) AS documents
       FROM accounts a
       LEFT JOIN nodes r ON r.account = a.id AND r.parent = ?3 AND r.name = ?4
       WHERE a.id = ?1`,
    )
    .bind(account, defaultQuotaBytes, ROOT.parent, ROOT.name);

/** A module's folder with the totals of what is in it. */
export interface FolderTotals {
  parent: "/" | "/public/";
  /** With the slash at its end. */
  name: string;
  /** Bytes. */
  length: number;
  documents: number;
}

/** Selects the folders of modules, private and public: two short ranges of the index. */
export const selectModuleFolders = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare(
      `SELECT parent, name, length, documents FROM nodes
       WHERE account = ?1 AND parent IN ('/', '/public/') AND type IS NULL`,
    )
    .bind(account);
