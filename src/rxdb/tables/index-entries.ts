/** The places of documents in indexes, in the object's SQLite. */

import type { Range, Walk } from "../queries/plan";
import { sortable } from "../queries/sort-key";
import { inLists } from "./lists";

export interface Entry {
  index: number;
  key: string;
  id: string;
}

/** What an entry counts for in the quota. */
export const sizeOfKey = (key: string): number => key.length;

/** Entries that are there stay. */
export function putEntries(sql: SqlStorage, entries: Entry[]): void {
  inLists(
    entries.map(({ index, key, id }) => [index, key, sortable(id)]),
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

/** Nothing happens if there is none. */
export function dropEntry(sql: SqlStorage, { index, key, id }: Entry): void {
  sql.exec(
    'DELETE FROM entries WHERE "index" = ? AND key = ? AND id = ?',
    index,
    key,
    sortable(id),
  );
}

/** Drops all entries of an index. Returns their size. */
export function dropEntries(sql: SqlStorage, index: number): number {
  let size = 0;
  for (const { key } of sql.exec('SELECT key FROM entries WHERE "index" = ?', index)) {
    size += sizeOfKey(key as string);
  }
  sql.exec('DELETE FROM entries WHERE "index" = ?', index);
  return size;
}

/** Ids in the order of the keys, as `sortable` has made both. Read one by one, as they are asked for. */
export function* walkKeys(
  sql: SqlStorage,
  index: number,
  range: Range,
  direction: Walk["keys"],
): Generator<{ key: string; id: string }> {
  const rows = sql.exec(
    `SELECT key, id FROM entries WHERE ${within(range)} ORDER BY key ${direction}, id ${direction}`,
    index,
    range.lower,
    range.upper,
  );
  for (const { key, id } of rows) yield { key: key as string, id: id as string };
}

export const countKeys = (sql: SqlStorage, index: number, range: Range): number =>
  sql
    .exec(
      `SELECT count(*) AS count FROM entries WHERE ${within(range)}`,
      index,
      range.lower,
      range.upper,
    )
    .one().count as number;

const within = ({ isLowerIn, isUpperIn }: Range): string =>
  `"index" = ? AND key ${isLowerIn ? ">=" : ">"} ? AND key ${isUpperIn ? "<=" : "<"} ?`;
