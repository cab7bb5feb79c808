/** Sessions and connections in the object's SQLite. */

export interface SessionRow {
  hash: string;
  grant: string;
  /** Milliseconds since 1970; null: with its grant. */
  expiresAt: number | null;
}

export const loadSession = (sql: SqlStorage, hash: string): SessionRow | undefined => {
  const row = sql
    .exec("SELECT grant_id, expires_at FROM sessions WHERE hash = ?", hash)
    .toArray()[0];
  return row && { hash, grant: row.grant_id as string, expiresAt: row.expires_at as number | null };
};

/** Makes a session, or sets anew until when it is good. */
export function putSession(
  sql: SqlStorage,
  { hash, grant, expiresAt }: SessionRow,
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

/** The sessions of a grant, whose end harms least first: those without connections, the oldest. */
export const loadSessionsOf = (sql: SqlStorage, grant: string): string[] =>
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

/** With its connections. */
export function dropSession(sql: SqlStorage, hash: string): void {
  sql.exec("DELETE FROM connections WHERE session = ?", hash);
  sql.exec("DELETE FROM sessions WHERE hash = ?", hash);
}

export const loadExpiredSessions = (sql: SqlStorage, now: number): string[] =>
  sql
    .exec("SELECT hash FROM sessions WHERE expires_at <= ?", now)
    .toArray()
    .map(({ hash }) => hash as string);

export const loadSessions = (sql: SqlStorage): SessionRow[] =>
  sql
    .exec("SELECT hash, grant_id, expires_at FROM sessions")
    .toArray()
    .map((row) => ({
      hash: row.hash as string,
      grant: row.grant_id as string,
      expiresAt: row.expires_at as number | null,
    }));

export interface ConnectionRow {
  id: string;
  session: string;
  collection: number;
  /** JSON. */
  schema: string;
  /** Milliseconds since 1970. */
  lostAt: number | null;
  isStale: boolean;
}

const COLUMNS = "session, id, collection, schema, lost_at, is_stale";

const toConnection = (row: Record<string, SqlStorageValue>): ConnectionRow => ({
  id: row.id as string,
  session: row.session as string,
  collection: row.collection as number,
  schema: row.schema as string,
  lostAt: row.lost_at as number | null,
  isStale: row.is_stale === 1,
});

export const loadConnections = (sql: SqlStorage): ConnectionRow[] =>
  sql.exec(`SELECT ${COLUMNS} FROM connections`).toArray().map(toConnection);

/** Opens a connection, or opens it anew. */
export function putConnection(
  sql: SqlStorage,
  {
    id,
    session,
    collection,
    schema,
  }: Pick<ConnectionRow, "id" | "session" | "collection" | "schema">,
): void {
  sql.exec(
    `INSERT INTO connections (${COLUMNS}) VALUES (?, ?, ?, ?, NULL, 0)
     ON CONFLICT DO UPDATE SET collection = excluded.collection, schema = excluded.schema,
       lost_at = NULL, is_stale = 0`,
    session,
    id,
    collection,
    schema,
  );
}

/** Notes how a connection stands with the changes. */
export function setPresence(
  sql: SqlStorage,
  { session, id, lostAt, isStale }: Pick<ConnectionRow, "session" | "id" | "lostAt" | "isStale">,
): void {
  sql.exec(
    "UPDATE connections SET lost_at = ?, is_stale = ? WHERE session = ? AND id = ?",
    lostAt,
    +isStale,
    session,
    id,
  );
}

/** Nothing happens if there is none. */
export function dropConnection(sql: SqlStorage, session: string, id: string): void {
  sql.exec("DELETE FROM connections WHERE session = ? AND id = ?", session, id);
}
