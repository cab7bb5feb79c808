/** The `sessions` table of the module object: the secrets that open sockets. */

/** A session of RxDB clients. */
export interface RxdbSessionRow {
  /** SHA-256 of its secret. */
  hash: string;
  /** Id of the grant. */
  grant: string;
  /** Milliseconds since 1970; null if it ends only with its grant. */
  expiresAt: number | null;
}

/** Returns a session, even if it has expired; undefined if there is none. */
export const loadRxdbSession = (sql: SqlStorage, hash: string): RxdbSessionRow | undefined => {
  const row = sql
    .exec("SELECT grant_id, expires_at FROM sessions WHERE hash = ?", hash)
    .toArray()[0];
  return row && { hash, grant: row.grant_id as string, expiresAt: row.expires_at as number | null };
};

/** Inserts a session, or updates when it expires. */
export function upsertRxdbSession(
  sql: SqlStorage,
  { hash, grant, expiresAt }: RxdbSessionRow,
  now: number,
): void {
  sql.exec(
    `INSERT INTO sessions (hash, grant_id, opened_at, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`,
    hash,
    grant,
    now,
    expiresAt,
  );
}

/**
 * Returns the sessions of a grant, by their hashes, in the order in which they may be ended: those
 * without connections first, then those whose connections are all lost; the oldest first.
 */
export const loadSessionHashesOfGrant = (sql: SqlStorage, grant: string): string[] =>
  sql
    .exec(
      `SELECT hash FROM sessions
       LEFT JOIN (
         SELECT session, max(lost_at IS NULL) AS is_live FROM connections GROUP BY session
       ) ON session = hash
       WHERE grant_id = ? ORDER BY coalesce(is_live, -1), opened_at`,
      grant,
    )
    .toArray()
    .map(({ hash }) => hash as string);

/** Deletes a session and its connections. */
export function deleteRxdbSession(sql: SqlStorage, hash: string): void {
  sql.exec("DELETE FROM connections WHERE session = ?", hash);
  sql.exec("DELETE FROM sessions WHERE hash = ?", hash);
}

/** Returns the hashes of the sessions that have expired. */
export const loadExpiredSessionHashes = (sql: SqlStorage, now: number): string[] =>
  sql
    .exec("SELECT hash FROM sessions WHERE expires_at <= ?", now)
    .toArray()
    .map(({ hash }) => hash as string);

/** Returns all sessions, expired ones too. */
export const loadRxdbSessions = (sql: SqlStorage): RxdbSessionRow[] =>
  sql
    .exec("SELECT hash, grant_id, expires_at FROM sessions")
    .toArray()
    .map((row) => ({
      hash: row.hash as string,
      grant: row.grant_id as string,
      expiresAt: row.expires_at as number | null,
    }));
