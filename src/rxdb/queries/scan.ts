/** Scans a range of an index for document ids, in any order that the index supports. */

import type { OpenIndex } from "../collections";
import { scanKeys } from "../tables/index-entries";
import type { KeyRange, ScanOrder } from "./plan";

/**
 * Yields the ids in a range of an index, one by one. Keys come in one direction; within a group, the
 * keys that differ only in the primary key, ids may come in the other. So one index serves both
 * orders. A group is complete when the next one begins, so either order reads one key more than is
 * asked for. At most `wanted` ids will be taken.
 *
 *   for each key of the range, in the direction of the keys:
 *     a new group begins      -> yield the collected group, in the direction of the ids
 *     a group exceeds `wanted`, and the directions differ
 *                             -> scan just this group in the direction of the ids;
 *                                then go on with the range after it
 */
export function* scanIds(
  sql: SqlStorage,
  openIndex: OpenIndex,
  range: KeyRange,
  order: ScanOrder,
  wanted: number,
): Generator<string> {
  const {
    id: index,
    index: { groupKeyOf },
  } = openIndex;
  const { keys, ids } = order;
  let group: string | null = null;
  let members: string[] = [];
  for (const { key, id } of scanKeys(sql, index, range, keys)) {
    const groupKey = groupKeyOf(key, id);
    if (groupKey !== group || (keys === ids && members.length > wanted)) {
      yield* keys === ids ? members : members.toReversed();
      members = [];
    }
    group = groupKey;
    members.push(id);
    if (keys !== ids && members.length > wanted) {
      for (const { id } of scanKeys(sql, index, groupRange(group, range), ids)) yield id;
      yield* scanIds(sql, openIndex, rangeAfter(group, range, keys), order, wanted);
      return;
    }
  }
  yield* keys === ids ? members : members.toReversed();
}

/** Sorts after every character that a key can have. */
const LAST_CHARACTER = "\u{10ffff}";

const groupRange = (group: string, range: KeyRange): KeyRange =>
  intersectRanges(range, { lower: group, upper: group + LAST_CHARACTER });

const rangeAfter = (group: string, range: KeyRange, keys: ScanOrder["keys"]): KeyRange =>
  keys === "ASC"
    ? { ...range, lower: group + LAST_CHARACTER, includesLower: false }
    : { ...range, upper: group, includesUpper: false };

/** `range`, limited to `lower` and `upper`, both included. */
const intersectRanges = (
  range: KeyRange,
  { lower, upper }: { lower: string; upper: string },
): KeyRange => ({
  ...(range.lower >= lower
    ? { lower: range.lower, includesLower: range.includesLower }
    : { lower, includesLower: true }),
  ...(range.upper <= upper
    ? { upper: range.upper, includesUpper: range.includesUpper }
    : { upper, includesUpper: true }),
});
