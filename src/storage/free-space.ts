/**
 * What this isolate knows of the room in accounts, from its own latest requests: where there is
 * plenty, a small document need not ask D1 before it is stored. The commit decides all the same; who
 * is wrong here has only stored a body in vain.
 */

const BELIEVED_MS = 60_000;

const MAX_ACCOUNTS = 10_000;

const rooms = new Map<string, { freeBytes: number; at: number }>();

/** Remembers how many bytes of an account's quota are left. */
export function noteRoom(account: string, freeBytes: number, now: number): void {
  if (rooms.size >= MAX_ACCOUNTS) rooms.clear();
  rooms.set(account, { freeBytes, at: now });
}

/** Whether these bytes fit for sure, even if others have just taken half of what was left. */
export function hasRoom(account: string, bytes: number, now: number): boolean {
  const room = rooms.get(account);
  return room !== undefined && Math.abs(now - room.at) < BELIEVED_MS && bytes <= room.freeBytes / 2;
}
