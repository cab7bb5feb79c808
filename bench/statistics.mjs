/** Quantiles, medians and quartiles. */

/** The value below which this fraction of the values lies, interpolated; NaN if there are none. */
export function quantile(values, fraction) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  return below + (above - below) * (position - Math.floor(position));
}

/** The middle value; NaN if there are none. */
export const median = (values) => quantile(values, 0.5);

/**
 * Median and quartiles: half of the values lie between `lower` and `upper`.
 * @typedef {{median: number, lower: number, upper: number}} Spread
 */

/** @returns {Spread} */
export const spread = (values) => ({
  median: median(values),
  lower: quantile(values, 0.25),
  upper: quantile(values, 0.75),
});
