/** Items in groups, so that many short documents can be asked for at once. */

/**
 * The items in their order, in groups of so many, and so many bytes, at most. An item whose length is null, since it is long or
 * nobody knows, is a group of its own.
 * @template T
 * @param {AsyncIterable<T>} items
 * @param {{maxItems: number, maxBytes: number}} limits
 * @param {(item: T) => number | null} lengthOf bytes
 * @returns {AsyncGenerator<T[]>}
 */
export async function* inGroups(items, { maxItems, maxBytes }, lengthOf) {
  /** @type {T[]} */
  let group = [];
  let bytes = 0;
  for await (const item of items) {
    const length = lengthOf(item);
    const isFull = length === null || group.length === maxItems || bytes + length > maxBytes;
    if (isFull && group.length > 0) {
      yield group;
      [group, bytes] = [[], 0];
    }
    if (length === null) {
      yield [item];
      continue;
    }
    group.push(item);
    bytes += length;
  }
  if (group.length > 0) yield group;
}
