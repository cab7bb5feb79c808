/** Sessions: secrets that stand in a socket's URL in place of an access token. */

import { randomSecret, sha256 } from "../core/secrets";
import {
  countSessions,
  dropOldestSession,
  dropSession,
  loadExpiredSessions,
  loadSession,
  loadSessions,
  putSession,
  type SessionRow,
} from "./connection-table";
import { FORGET_LOST_MS } from "./roster";

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

  /**
   * Makes a session for a grant; or goes on with an earlier one of the same grant, so that its
   * connections are found. Returns its secret.
   */
  async open(grant: string, expiresAt: number | null, earlier: string | null): Promise<string> {
    const known = earlier && loadSession(this.#sql, await sha256(earlier));
    const secret = known && known.grant === grant ? (earlier as string) : randomSecret();
    this.admit({ hash: await sha256(secret), grant, expiresAt });
    return secret;
  }

  /** Keeps a session; the oldest of a grant makes room for a new one. */
  admit(session: SessionRow): void {
    const known = loadSession(this.#sql, session.hash);
    if (known?.expiresAt === session.expiresAt) return;
    if (!known && countSessions(this.#sql, session.grant) >= MAX_SESSIONS) {
      dropOldestSession(this.#sql, session.grant);
    }
    putSession(this.#sql, session);
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
