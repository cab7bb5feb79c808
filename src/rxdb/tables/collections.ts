/** Collections and their indexes in the object's SQLite. */

export interface CollectionRow {
  id: number;
  database: string;
  name: string;
  version: number;
  primaryPath: string;
  seq: number;
  /** That are not deleted. */
  documents: number;
  /** Of the quota. */
  bytes: number;
}

const COLUMNS = "id, database, name, version, primary_path AS primaryPath, seq, documents, bytes";

/** Null: there is none. */
export const findCollection = (
  sql: SqlStorage,
  database: string,
  name: string,
  version: number,
): CollectionRow | null =>
  (sql
    .exec(
      `SELECT ${COLUMNS} FROM collections WHERE database = ? AND name = ? AND version = ?`,
      database,
      name,
      version,
    )
    .toArray()[0] as unknown as CollectionRow | undefined) ?? null;

export const insertCollection = (
  sql: SqlStorage,
  {
    database,
    name,
    version,
    primaryPath,
  }: Omit<CollectionRow, "id" | "seq" | "documents" | "bytes">,
): CollectionRow =>
  sql
    .exec(
      `INSERT INTO collections (database, name, version, primary_path, seq, documents, bytes)
       VALUES (?, ?, ?, ?, 0, 0, 0) RETURNING ${COLUMNS}`,
      database,
      name,
      version,
      primaryPath,
    )
    .one() as unknown as CollectionRow;

export const loadCollections = (sql: SqlStorage): CollectionRow[] =>
  sql
    .exec(`SELECT ${COLUMNS} FROM collections ORDER BY database, name, version`)
    .toArray() as unknown as CollectionRow[];

export const loadCollection = (sql: SqlStorage, id: number): CollectionRow | null =>
  (sql.exec(`SELECT ${COLUMNS} FROM collections WHERE id = ?`, id).toArray()[0] as unknown as
    | CollectionRow
    | undefined) ?? null;

/** Notes what a write has changed. */
export function noteWrite(
  sql: SqlStorage,
  { id, seq, documents, bytes }: Pick<CollectionRow, "id" | "seq" | "documents" | "bytes">,
): void {
  sql.exec(
    "UPDATE collections SET seq = ?, documents = ?, bytes = ? WHERE id = ?",
    seq,
    documents,
    bytes,
    id,
  );
}

/**
 * Deletes a collection with all that is in it, but for bodies in R2. Its connections stay, so that
 * they can be told.
 */
export function dropCollection(sql: SqlStorage, id: number): void {
  sql.exec(
    'DELETE FROM entries WHERE "index" IN (SELECT id FROM indexes WHERE collection = ?)',
    id,
  );
  sql.exec("UPDATE events SET json = '', answer = '' WHERE collection = ?", id);
  for (const table of ["indexes", "documents", "attachments"]) {
    sql.exec(`DELETE FROM ${table} WHERE collection = ?`, id);
  }
  sql.exec("DELETE FROM collections WHERE id = ?", id);
}

export interface IndexRow {
  id: number;
  definition: string;
  isFaithful: boolean;
}

export const loadIndexes = (sql: SqlStorage, collection: number): IndexRow[] =>
  sql
    .exec("SELECT id, definition, is_faithful FROM indexes WHERE collection = ?", collection)
    .toArray()
    .map((row) => ({
      id: row.id as number,
      definition: row.definition as string,
      isFaithful: row.is_faithful === 1,
    }));

/** Adds an index that has no entries yet. Returns its id. */
export const insertIndex = (sql: SqlStorage, collection: number, definition: string): number =>
  sql
    .exec(
      "INSERT INTO indexes (collection, definition, is_faithful) VALUES (?, ?, 1) RETURNING id",
      collection,
      definition,
    )
    .one().id as number;

/** For good: nobody looks whether the documents that made it so are still there. */
export function markUnfaithful(sql: SqlStorage, index: number): void {
  sql.exec("UPDATE indexes SET is_faithful = 0 WHERE id = ?", index);
}

/** Deletes an index, whose entries are the caller's business. */
export function deleteIndex(sql: SqlStorage, index: number): void {
  sql.exec("DELETE FROM indexes WHERE id = ?", index);
}
