/** Many transfers, some at a time. */

const AT_ONCE = 8;

/**
 * Does the work for each item, a few at a time, in their order. Ends at the first failure.
 * @template T
 * @param {T[]} items
 * @param {(item: T) => Promise<void>} work
 */
export async function inParallel(items, work) {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
