/** How long an account has to be left alone after wrong passwords. Pure. */

/** What the user's object remembers of wrong passwords. */
export interface Failures {
  count: number;
  lastAt: number;
}

const FREE_TRIES = 4;
/** A stranger can keep the owner waiting no longer than this. */
const MAX_DELAY_SECONDS = 300;

/** Seconds until the next try; 0: now. Doubles with each wrong password after the first few. */
export function secondsToWait(failures: Failures | undefined, now: number): number {
  if (!failures || failures.count < FREE_TRIES) return 0;
  const delay = Math.min(2 ** (failures.count - FREE_TRIES), MAX_DELAY_SECONDS);
  return Math.max(0, Math.ceil((failures.lastAt + delay * 1000 - now) / 1000));
}
