/** How long an account rejects passwords after too many wrong ones. Pure. */

/** The wrong passwords that the user's object remembers. */
export interface FailedSignIns {
  count: number;
  /** Milliseconds since 1970. */
  lastAt: number;
}

/** Wrong passwords from one client address before the first delay. */
export const FREE_ATTEMPTS_PER_ADDRESS = 4;

/**
 * Wrong passwords from all addresses together before the first delay. High: otherwise one attacker
 * could lock the owner out.
 */
export const FREE_ATTEMPTS_IN_TOTAL = 50;

const MAX_DELAY_SECONDS = 300;

/** Seconds until the next attempt, 0 if allowed now. Doubles with each attempt beyond the free ones. */
export function secondsToWait(
  failures: FailedSignIns | undefined,
  freeAttempts: number,
  now: number,
): number {
  if (!failures || failures.count < freeAttempts) return 0;
  const delay = Math.min(2 ** (failures.count - freeAttempts), MAX_DELAY_SECONDS);
  return Math.max(0, Math.ceil((failures.lastAt + delay * 1000 - now) / 1000));
}
