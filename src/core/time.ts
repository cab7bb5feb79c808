/** Durations, and arithmetic with times. */

export const MINUTE_MS = 60 * 1000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** The UTC day of a time (milliseconds since 1970), as days since 1970. */
export const dayNumber = (milliseconds: number): number => Math.floor(milliseconds / DAY_MS);

/** The earliest of some times (milliseconds since 1970); null if there is none. */
export function earliest(times: (number | null)[]): number | null {
  const known = times.filter((at) => at !== null);
  return known.length > 0 ? Math.min(...known) : null;
}
