/** Several at a time, in order. */

/**
 * Does work for each item, `limit` at a time. The results come in the order of the items. The first
 * failure ends it, when the work in progress has ended, too.
 * @template T, R
 * @param {AsyncIterable<T> | Iterable<T>} items
 * @param {number} limit
 * @param {(item: T) => Promise<R>} work
 * @returns {AsyncGenerator<R>}
 */
export async function* concurrently(items, limit, work) {
  /** @type {Promise<R>[]} */
  const pending = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // It is awaited later; until then a failure is not unhandled.
      result.catch(() => {});
      pending.push(result);
      if (pending.length >= limit) yield await /** @type {Promise<R>} */ (pending.shift());
    }
    while (pending.length > 0) yield await /** @type {Promise<R>} */ (pending.shift());
  } finally {
    await Promise.allSettled(pending);
  }
}
