/** The `entries` table of the module object: one row per document and index. */

import { Buffer } from "node:buffer";
import type { KeyRange, ScanOrder } from "../queries/plan";
import { sortableText } from "../queries/sort-key";
import { runInBatches } from "./json-lists";

/** An entry of an index. */
export interface IndexEntry {
  /** Id of the index. */
  index: number;
  /** See `CollectionIndex.keyOf`. */
  key: string;
  /** Id of the document. */
  id: string;
}

/** How many bytes an entry adds to its collection. */
export const entryBytes = ({ key, id }: Pick<IndexEntry, "key" | "id">): number =>
  Buffer.byteLength(key) + Buffer.byteLength(sortableText(id));

/** Inserts entries. Existing ones stay. */
export function insertEntries(sql: SqlStorage, entries: IndexEntry[]): void {
  runInBatches(
    entries.map(({ index, key, id }) => [index, key, sortableText(id)]),
    (list) =>
      sql.exec(
        `INSERT INTO entries ("index", key, id)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
         ON CONFLICT DO NOTHING`,
        list,
      ),
    (row) =>
      sql.exec(
        'INSERT INTO entries ("index", key, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        ...row,
      ),
  );
}

/** Deletes an entry, if it exists. */
export function deleteEntry(sql: SqlStorage, { index, key, id }: IndexEntry): void {
  sql.exec(
    'DELETE FROM entries WHERE "index" = ? AND key = ? AND id = ?',
    index,
    key,
    sortableText(id),
  );
}

/** Deletes all entries of an index. Returns their bytes. */
export function deleteEntriesOfIndex(sql: SqlStorage, index: number): number {
  const { bytes } = sql
    .exec(
      `SELECT coalesce(sum(octet_length(key) + octet_length(id)), 0) AS bytes FROM entries
       WHERE "index" = ?`,
      index,
    )
    .one();
  sql.exec('DELETE FROM entries WHERE "index" = ?', index);
  return bytes as number;
}

/**
 * Yields the entries of a range in the order of their keys, with keys and ids as stored
 * (`sortableText`). Rows are read one by one, as they are asked for.
 */
export function* scanKeys(
  sql: SqlStorage,
  index: number,
  range: KeyRange,
  direction: ScanOrder["keys"],
): Generator<{ key: string; id: string }> {
  const rows = sql.exec(
    `SELECT key, id FROM entries WHERE ${rangeCondition(range)} ORDER BY key ${direction}, id ${direction}`,
    index,
    range.lower,
    range.upper,
  );
  for (const { key, id } of rows) yield { key: key as string, id: id as string };
}

/** Returns how many entries a range has. */
export const countKeys = (sql: SqlStorage, index: number, range: KeyRange): number =>
  sql
    .exec(
      `SELECT count(*) AS count FROM entries WHERE ${rangeCondition(range)}`,
      index,
      range.lower,
      range.upper,
    )
    .one().count as number;

/** Condition on index and key; its parameters are the id of the index and the two bounds. */
const rangeCondition = ({ includesLower, includesUpper }: KeyRange): string =>
  `"index" = ? AND key ${includesLower ? ">=" : ">"} ? AND key ${includesUpper ? "<=" : "<"} ?`;
