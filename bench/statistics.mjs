/** Medians and the like. */

/** The value that this share of the others is below; NaN of none. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (values) => quantile(values, 0.5);

/**
 * Half of the values are between the quartiles.
 * @typedef {{median: number, lower: number, upper: number}} Spread
 */

/** @returns {Spread} */
export const spread = (values) => ({
  median: median(values),
  lower: quantile(values, 0.25),
  upper: quantile(values, 0.75),
});
