/** The delays after too many wrong passwords. Pure. */

/** Where an attempt comes from. */
export interface PasswordClient {
  /** A client address, or a browser: `known-browsers.ts`. */
  key: string;
  /** Whether it is a browser of the user: the wrong passwords of others do not delay it. */
  isKnown: boolean;
}

/** The wrong passwords that are remembered. */
export interface FailedSignIns {
  count: number;
  /** Milliseconds since 1970. */
  lastAt: number;
}

/** Wrong passwords of one client before the first delay. */
const FREE_ATTEMPTS_PER_CLIENT = 4;

/** Wrong passwords from all addresses together before the first delay. */
const FREE_ATTEMPTS_IN_TOTAL = 50;

const MAX_DELAY_SECONDS = 300;

/**
 * Seconds until the next attempt of a client, 0 if allowed now, by its own failures and by those from
 * all addresses. Those of others delay only an address that has failed too: otherwise they could lock
 * the owner out.
 */
export function secondsToWait(
  { isKnown }: PasswordClient,
  { own, total }: { own: FailedSignIns | undefined; total: FailedSignIns | undefined },
  now: number,
): number {
  const ownWait = delaySeconds(own, FREE_ATTEMPTS_PER_CLIENT, now);
  const isFirst = own === undefined;
  if (isKnown || isFirst) return ownWait;
  return Math.max(ownWait, delaySeconds(total, FREE_ATTEMPTS_IN_TOTAL, now));
}

/** Doubles with each attempt beyond the free ones. */
function delaySeconds(
  failures: FailedSignIns | undefined,
  freeAttempts: number,
  now: number,
): number {
  if (!failures || failures.count < freeAttempts) return 0;
  const delay = Math.min(2 ** (failures.count - freeAttempts), MAX_DELAY_SECONDS);
  return Math.max(0, Math.ceil((failures.lastAt + delay * 1000 - now) / 1000));
}
