/** Numbers about durations. */

/**
 * The value below which this share of the values is.
 * @param {number[]} values
 * @param {number} share from 0 to 1
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** @param {number} ms */
export const formatMs = (ms) => (ms < 10 ? ms.toFixed(1) : `${Math.round(ms)}`);
