/** The `connections` table of the module object: the storage instances of RxDB clients. */

import { Buffer } from "node:buffer";

/** A storage instance of a client. */
export interface ConnectionRow {
  /** The client's `connectionId`. */
  id: string;
  /** Hash of its session. */
  session: string;
  /** Id of its collection. */
  collection: number;
  /** The client's schema as JSON. */
  schema: string;
  /** Since when it may have missed changes, in milliseconds since 1970; null if it has a socket. */
  lostAt: number | null;
  /** Whether it has missed changes that are no longer kept. */
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

/** How many bytes a connection may add to the file: its schema, and the pages where it begins and ends. */
export const connectionBytes = (schema: string): number => Buffer.byteLength(schema) + 8192;

/** Returns all connections. */
export const loadConnections = (sql: SqlStorage): ConnectionRow[] =>
  sql.exec(`SELECT ${COLUMNS} FROM connections`).toArray().map(toConnection);

/** Inserts a connection, or opens it again. */
export function upsertConnection(
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

/** Updates whether a connection is online, and whether it has missed changes for good. */
export function updatePresence(
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

/** Deletes a connection, if it exists. */
export function deleteConnection(sql: SqlStorage, session: string, id: string): void {
  sql.exec("DELETE FROM connections WHERE session = ? AND id = ?", session, id);
}
