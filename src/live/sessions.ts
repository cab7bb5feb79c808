/** One-time URLs of live sockets, for browsers: they cannot send a token with a WebSocket. */

import { randomSecret, sha256 } from "../core/secrets";
import type { Listener } from "./handshake";

/** How long a URL can be used, once. */
const SESSION_MS = 60_000;

/** Unused ones of one user; with another one, the oldest ends of the app that has most of them. */
const MAX_SESSIONS = 100;

const SESSION_PREFIX = "live-session:";

/** A URL that can be used. It is stored under these names. */
interface LiveSession {
  listener: Listener;
  usableUntil: number;
}

/** The one-time URLs of a user, in the storage of the user's object. */
export class LiveSessions {
  readonly #kv: DurableObjectStorage["kv"];

  constructor(storage: DurableObjectStorage) {
    this.#kv = storage.kv;
  }

  /** Opens one. Returns its secret, and until when it can be used (milliseconds since 1970). */
  async open(listener: Listener, now: number): Promise<{ secret: string; usableUntil: number }> {
    const secret = randomSecret();
    const key = SESSION_PREFIX + (await sha256(secret));
    const sessions = [...this.#kv.list<LiveSession>({ prefix: SESSION_PREFIX })];
    const usable = sessions.filter(([, { usableUntil }]) => usableUntil > now);
    for (const session of sessions) if (!usable.includes(session)) this.#kv.delete(session[0]);
    if (usable.length >= MAX_SESSIONS) this.#kv.delete(findSuperfluous(usable));
    const usableUntil = now + SESSION_MS;
    this.#kv.put<LiveSession>(key, { listener, usableUntil });
    return { secret, usableUntil };
  }

  /** Uses one up. Returns whose it is; null: there is none with this secret, or not any longer. */
  async redeem(secret: string, now: number): Promise<Listener | null> {
    const key = SESSION_PREFIX + (await sha256(secret));
    const session = this.#kv.get<LiveSession>(key);
    if (session === undefined) return null;
    this.#kv.delete(key);
    return session.usableUntil > now ? session.listener : null;
  }
}

/** The key of the oldest session of the app, or the pages, with most of them: an app that opens many ends its own. */
function findSuperfluous(sessions: [key: string, LiveSession][]): string {
  const byApp = [...Map.groupBy(sessions, ([, { listener }]) => listener.grant).values()];
  const [largest = []] = byApp.sort((a, b) => b.length - a.length);
  const [[oldest = ""] = []] = largest.sort(([, a], [, b]) => a.usableUntil - b.usableUntil);
  return oldest;
}
