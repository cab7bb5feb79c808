/**
 * Remembers how much of each quota was free in the latest requests to this isolate. Where there is
 * plenty, a small document is stored without asking D1 first. The commit decides all the same: if
 * the cache is wrong, a body was only stored in vain.
 */

import { BoundedMap } from "../platform/bounded-map";

const CACHE_TTL_MS = 60_000;

const MAX_CACHED_ACCOUNTS = 10_000;

const freeSpace = new BoundedMap<string, { freeBytes: number; at: number }>(MAX_CACHED_ACCOUNTS);

/** Records how many bytes of an account's quota are free. */
export function recordFreeSpace(account: string, freeBytes: number, now: number): void {
  freeSpace.set(account, { freeBytes, at: now });
}

/**
 * Whether so many bytes are sure to fit, even if others have just taken half of the free space. False
 * if nothing is known of the account.
 */
export function fitsFreeSpace(account: string, bytes: number, now: number): boolean {
  const known = freeSpace.get(account);
  return (
    known !== undefined && Math.abs(now - known.at) < CACHE_TTL_MS && bytes <= known.freeBytes / 2
  );
}
