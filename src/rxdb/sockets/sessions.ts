/** RxDB sessions: secrets in the URL of a socket that stand for an access token. */

import { randomSecret, sha256 } from "../../core/secrets";
import {
  deleteRxdbSession,
  loadExpiredSessionHashes,
  loadRxdbSession,
  loadRxdbSessions,
  loadSessionHashesOfGrant,
  type RxdbSessionRow,
  upsertRxdbSession,
} from "../tables/sessions";
import { LOST_CONNECTION_TTL_MS } from "./connection-registry";

export type { RxdbSessionRow };

/** An app has one session per tab or device. */
const MAX_SESSIONS_PER_GRANT = 100;

/** The sessions of one module. */
export class RxdbSessions {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Returns null if there is no session with this hash, or it has expired. */
  find(hash: string, now: number): RxdbSessionRow | null {
    const session = loadRxdbSession(this.#sql, hash);
    const hasExpired = session?.expiresAt != null && session.expiresAt <= now;
    return session && !hasExpired ? session : null;
  }

  /** Returns the earlier secret if it is a session's of the same grant; otherwise a new secret. */
  async secretFor(grant: string, earlier: string | null): Promise<string> {
    const session = earlier && loadRxdbSession(this.#sql, await sha256(earlier));
    return session && session.grant === grant ? (earlier as string) : randomSecret();
  }

  /**
   * Inserts a session, or updates when it expires. Returns the hashes of the sessions of its grant that
   * are now too many: the caller ends them.
   */
  save(session: RxdbSessionRow, now: number): string[] {
    const saved = loadRxdbSession(this.#sql, session.hash);
    if (saved?.expiresAt === session.expiresAt) return [];
    const others = saved ? [] : loadSessionHashesOfGrant(this.#sql, session.grant);
    upsertRxdbSession(this.#sql, session, now);
    return others.slice(0, Math.max(0, others.length + 1 - MAX_SESSIONS_PER_GRANT));
  }

  /** Returns the hashes of the sessions that expired so long ago that no client will resume them. */
  listLongExpired(now: number): string[] {
    return loadExpiredSessionHashes(this.#sql, now - LOST_CONNECTION_TTL_MS);
  }

  /** All sessions, expired ones too. */
  all(): RxdbSessionRow[] {
    return loadRxdbSessions(this.#sql);
  }

  /** Deletes a session and its connections from SQLite. */
  delete(hash: string): void {
    deleteRxdbSession(this.#sql, hash);
  }
}
