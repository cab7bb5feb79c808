/** Sessions: secrets that stand in a socket's URL in place of an access token. */

import { randomSecret, sha256 } from "../../core/secrets";
import {
  dropSession,
  loadExpiredSessions,
  loadSession,
  loadSessions,
  loadSessionsOf,
  putSession,
  type SessionRow,
} from "../tables/connections";
import { FORGET_LOST_MS } from "./connections";

export type { SessionRow };

/** Of one grant: an app has one per tab or device. */
const MAX_SESSIONS = 100;

/** The sessions of one module. */
export class Sessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Null: there is none of this hash, or it is over. */
  find(hash: string, now: number): SessionRow | null {
    const session = loadSession(this.#sql, hash);
    const isOver = session?.expiresAt != null && session.expiresAt <= now;
    return session && !isOver ? session : null;
  }

  /** The secret of a session for a grant: an earlier one of the same grant, or a new one. */
  async secretFor(grant: string, earlier: string | null): Promise<string> {
    const known = earlier && loadSession(this.#sql, await sha256(earlier));
    return known && known.grant === grant ? (earlier as string) : randomSecret();
  }

  /** Keeps a session. Returns those of its grant that have to make room for it, by their hashes. */
  admit(session: SessionRow, now: number): string[] {
    const known = loadSession(this.#sql, session.hash);
    if (known?.expiresAt === session.expiresAt) return [];
    const others = known ? [] : loadSessionsOf(this.#sql, session.grant);
    putSession(this.#sql, session, now);
    return others.slice(0, Math.max(0, others.length + 1 - MAX_SESSIONS));
  }

  /** The hashes of those that ended so long ago that nobody will go on with them. */
  listForgotten(now: number): string[] {
    return loadExpiredSessions(this.#sql, now - FORGET_LOST_MS);
  }

  all(): SessionRow[] {
    return loadSessions(this.#sql);
  }

  drop(hash: string): void {
    dropSession(this.#sql, hash);
  }
}
