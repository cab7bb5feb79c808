/** The `collections` and `indexes` tables of the module object. */

import { randomFraction } from "../../core/secrets";

/** A collection in one version of its schema. */
export interface CollectionRow {
  id: number;
  database: string;
  name: string;
  version: number;
  /** The field with the primary key. */
  primaryPath: string;
  /** Sequence number of the last write. */
  seq: number;
  /** How many documents it has, without deleted ones. */
  documents: number;
  /** Of its documents, index entries and attachments. The file has more: `Collections.storedBytes`. */
  bytes: number;
  /** Of its attachments in R2. */
  r2Bytes: number;
}

/** What a write changes of its collection. */
export type CollectionTotalsRow = Pick<CollectionRow, "seq" | "documents" | "bytes" | "r2Bytes">;

const COLUMNS = `id, database, name, version, primary_path AS primaryPath, seq, documents, bytes,
  r2_bytes AS r2Bytes`;

/** Returns null if there is no such collection. */
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

/**
 * Ids begin at a random number: a client that has replicated an erased collection, and continues with one of the
 * same name in another object, must not be taken to have its documents (`queries/checkpoint.ts`).
 */
const MIN_FIRST_ID = 2 ** 20;
const MAX_FIRST_ID = 2 ** 23;

const randomFirstId = (): number =>
  MIN_FIRST_ID + Math.floor(randomFraction() * (MAX_FIRST_ID - MIN_FIRST_ID));

/** Inserts an empty collection. `isFirst`: there is no other. */
export const insertCollection = (
  sql: SqlStorage,
  {
    database,
    name,
    version,
    primaryPath,
  }: Pick<CollectionRow, "database" | "name" | "version" | "primaryPath">,
  isFirst: boolean,
): CollectionRow =>
  sql
    .exec(
      `INSERT INTO collections (id, database, name, version, primary_path, seq, documents, bytes)
       VALUES (?, ?, ?, ?, ?, 0, 0, 0) RETURNING ${COLUMNS}`,
      isFirst ? randomFirstId() : null,
      database,
      name,
      version,
      primaryPath,
    )
    .one() as unknown as CollectionRow;

/** Returns all collections, by database, name and version. */
export const loadCollections = (sql: SqlStorage): CollectionRow[] =>
  sql
    .exec(`SELECT ${COLUMNS} FROM collections ORDER BY database, name, version`)
    .toArray() as unknown as CollectionRow[];

/** Returns null if there is no such collection. */
export const loadCollection = (sql: SqlStorage, id: number): CollectionRow | null =>
  (sql.exec(`SELECT ${COLUMNS} FROM collections WHERE id = ?`, id).toArray()[0] as unknown as
    | CollectionRow
    | undefined) ?? null;

/** Returns the schema with which a collection was imported, as JSON; null if it was not. */
export const loadSchema = (sql: SqlStorage, id: number): string | null =>
  sql.exec("SELECT schema FROM collections WHERE id = ?", id).one().schema as string | null;

/** Stores the schema with which a collection is imported, as JSON. */
export function updateSchema(sql: SqlStorage, id: number, schema: string): void {
  sql.exec("UPDATE collections SET schema = ? WHERE id = ?", schema, id);
}

/** Updates what a write changes of its collection. */
export function updateTotals(
  sql: SqlStorage,
  { id, seq, documents, bytes, r2Bytes }: CollectionTotalsRow & { id: number },
): void {
  sql.exec(
    "UPDATE collections SET seq = ?, documents = ?, bytes = ?, r2_bytes = ? WHERE id = ?",
    seq,
    documents,
    bytes,
    r2Bytes,
    id,
  );
}

/**
 * Deletes a collection with everything in it, except bodies in R2. Its connections stay, so that their
 * clients can be told.
 */
export function deleteCollection(sql: SqlStorage, id: number): void {
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

/** An index of a collection. */
export interface IndexRow {
  id: number;
  /** See `CollectionIndex.definition`. */
  definition: string;
  /** Whether the order of its keys is RxDB's order for all documents: `CollectionIndex.isInOrder`. */
  isOrdered: boolean;
}

/** Returns the indexes of a collection. */
export const loadIndexes = (sql: SqlStorage, collection: number): IndexRow[] =>
  sql
    .exec("SELECT id, definition, is_faithful FROM indexes WHERE collection = ?", collection)
    .toArray()
    .map((row) => ({
      id: row.id as number,
      definition: row.definition as string,
      isOrdered: row.is_faithful === 1,
    }));

/** Inserts an index without entries. Returns its id. */
export const insertIndex = (sql: SqlStorage, collection: number, definition: string): number =>
  sql
    .exec(
      "INSERT INTO indexes (collection, definition, is_faithful) VALUES (?, ?, 1) RETURNING id",
      collection,
      definition,
    )
    .one().id as number;

/**
 * Marks an index as unordered. It stays so: nothing checks later whether the documents that caused it
 * are still there.
 */
export function markUnordered(sql: SqlStorage, index: number): void {
  sql.exec("UPDATE indexes SET is_faithful = 0 WHERE id = ?", index);
}

/** Deletes an index. The caller deletes its entries. */
export function deleteIndex(sql: SqlStorage, index: number): void {
  sql.exec("DELETE FROM indexes WHERE id = ?", index);
}
