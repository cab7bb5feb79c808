/** The items of a folder in the orders in which pages show them. */

import type { NodePath } from "../../core/path";
import { itemsParent, rowKey } from "../row-keys";
import type { NodeRow } from "./nodes";

/** By name, by size (the largest first), or by time (the newest first). */
export type ItemOrder = "name" | "size" | "time";

/** An item of a folder. A folder's `length` and `documents` are those of all documents below it. */
export interface ItemRow extends NodeRow {
  /** Decoded; that of a folder ends with a slash. */
  name: string;
  documents: number;
}

/** Where a page of items ended. */
export interface ItemPosition {
  name: string;
  /** The item's size or time, in the orders by these. */
  value: number | null;
}

const SORTED_COLUMNS = { size: "length", time: "modified" };

/**
 * Selects the items that come after a position (null: from the first). In the order of names it reads as
 * many rows as there are results, in the others all of the folder's.
 */
export function selectItemPage(
  db: D1Database,
  account: string,
  folder: NodePath,
  order: ItemOrder,
  after: ItemPosition | null,
  limit: number,
): D1PreparedStatement {
  const parent = itemsParent(rowKey(folder));
  const columns = "name, version, type, length, documents, modified";
  if (order === "name") {
    return db
      .prepare(
        `SELECT ${columns} FROM nodes WHERE account = ?1 AND parent = ?2 AND name > ?3
         ORDER BY name LIMIT ?4`,
      )
      .bind(account, parent, after?.name ?? "", limit);
  }
  const value = SORTED_COLUMNS[order];
  return db
    .prepare(
      `SELECT ${columns} FROM nodes
       WHERE account = ?1 AND parent = ?2
         AND (?3 IS NULL OR ${value} < ?3 OR (${value} = ?3 AND name > ?4))
       ORDER BY ${value} DESC, name LIMIT ?5`,
    )
    .bind(account, parent, after?.value ?? null, after?.name ?? "", limit);
}

/** Selects how many items (`items`) a folder has; counts up to `limit`. */
export const selectItemCount = (
  db: D1Database,
  account: string,
  folder: NodePath,
  limit: number,
): D1PreparedStatement =>
  db
    .prepare(
      `SELECT count(*) AS items FROM
         (SELECT 1 FROM nodes WHERE account = ?1 AND parent = ?2 LIMIT ?3)`,
    )
    .bind(account, itemsParent(rowKey(folder)), limit);
