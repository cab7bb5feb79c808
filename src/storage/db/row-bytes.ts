/**
 * The bytes of the index as they count towards the quota. They are at least half of what a row adds
 * to the database's file, whose pages are up to half empty.
 */

import { type RowKey, shortenedItemsParent } from "../row-keys";

/** Of a row without its texts: the account, the version, the numbers, and what SQLite adds. */
const FIXED_BYTES = 128;

/** SQLite stores the end of a longer row on pages of its own. */
const LONG_ROW_BYTES = 1024;
const PAGE_BYTES = 4096;

/** The bytes of a row; 0 for the root's, as every account has one. `type`: null for a folder. */
export function rowBytes(key: RowKey, type: string | null): number {
  if (key.parent === "") return 0;
  const bytes = FIXED_BYTES + ENCODER.encode(key.parent + key.name + (type ?? "")).byteLength;
  const pageBytes = bytes > LONG_ROW_BYTES ? bytes + PAGE_BYTES : bytes;
  const isInSecondIndex = type === null && shortenedItemsParent(key) !== null;
  return isInSecondIndex ? 2 * pageBytes : pageBytes;
}

const ENCODER = new TextEncoder();

/** SQL for the same bytes of a row of `nodes`, by its alias. */
export function rowBytesSql(row: string): string {
  const bytes = `(${FIXED_BYTES} + octet_length(${row}.parent || ${row}.name || coalesce(${row}.type, '')))`;
  const pageBytes = `(${bytes} + iif(${bytes} > ${LONG_ROW_BYTES}, ${PAGE_BYTES}, 0))`;
  return `iif(${row}.parent = '', 0, ${pageBytes} * iif(${row}.items_parent IS NULL, 1, 2))`;
}
