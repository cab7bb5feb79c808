/** How long an account has to be left alone after wrong passwords. Pure. */

/** What the user's object remembers of wrong passwords. */
export interface Failures {
  count: number;
  lastAt: number;
}

/** Wrong passwords without a delay from one address. */
export const FREE_TRIES_PER_ADDRESS = 4;

/**
 * And from all of them together: high, for a delay that one stranger could cause would keep the
 * owner out.
 */
export const FREE_TRIES_IN_ALL = 50;

const MAX_DELAY_SECONDS = 300;

/** Seconds until the next try; 0: now. Doubles with each wrong password after the free ones. */
export function secondsToWait(
  failures: Failures | undefined,
  freeTries: number,
  now: number,
): number {
  if (!failures || failures.count < freeTries) return 0;
  const delay = Math.min(2 ** (failures.count - freeTries), MAX_DELAY_SECONDS);
  return Math.max(0, Math.ceil((failures.lastAt + delay * 1000 - now) / 1000));
}
