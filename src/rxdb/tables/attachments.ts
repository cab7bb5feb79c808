/**
 * The `attachments` table of the module object, and the list of orphaned bodies in R2.
 *
 * A body in R2 is an orphan while no attachment refers to it: between its upload and the write that
 * names it, and after that attachment is replaced or deleted. Orphans are deleted later.
 */

import { sortableText } from "../queries/sort-key";

/** An attachment of a document. */
export interface AttachmentRow {
  /** Id of the document. */
  id: string;
  name: string;
  digest: string;
  /** Bytes. */
  length: number;
  /** Null if the bytes are in R2. */
  data: Uint8Array | null;
  /** Null if the bytes are in SQLite. */
  r2Key: string | null;
}

/**
 * Inserts or replaces an attachment. Its body in R2 is no longer an orphan; that of the attachment it
 * replaces becomes one.
 */
export function upsertAttachment(
  sql: SqlStorage,
  collection: number,
  attachment: AttachmentRow,
  now: number,
): void {
  const { id, name, digest, length, data, r2Key } = attachment;
  deleteAttachment(sql, collection, id, name, now);
  sql.exec(
    `INSERT INTO attachments (collection, id, name, digest, length, data, r2_key)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    collection,
    sortableText(id),
    name,
    digest,
    length,
    data,
    r2Key,
  );
  if (r2Key !== null) sql.exec("DELETE FROM loose_bodies WHERE r2_key = ?", r2Key);
}

/** Bytes of attachments, and of those among them that are in R2. */
export interface AttachmentBytes {
  bytes: number;
  r2Bytes: number;
}

const NO_BYTES: AttachmentBytes = { bytes: 0, r2Bytes: 0 };

const bytesOfRow = ({ length, r2_key }: Record<string, SqlStorageValue>): AttachmentBytes => ({
  bytes: length as number,
  r2Bytes: r2_key === null ? 0 : (length as number),
});

/** The bytes of several attachments. */
export const sumAttachmentBytes = (sizes: AttachmentBytes[]): AttachmentBytes =>
  sizes.reduce(
    (sum, { bytes, r2Bytes }) => ({ bytes: sum.bytes + bytes, r2Bytes: sum.r2Bytes + r2Bytes }),
    NO_BYTES,
  );

/** Deletes an attachment. Returns its bytes, none if there was none. */
export function deleteAttachment(
  sql: SqlStorage,
  collection: number,
  id: string,
  name: string,
  now: number,
): AttachmentBytes {
  const deleted = sql
    .exec(
      `DELETE FROM attachments WHERE collection = ? AND id = ? AND name = ?
       RETURNING length, r2_key`,
      collection,
      sortableText(id),
      name,
    )
    .toArray()[0];
  if (!deleted) return NO_BYTES;
  if (deleted.r2_key !== null) recordOrphan(sql, deleted.r2_key as string, now);
  return bytesOfRow(deleted);
}

/** Deletes all attachments of a document. Returns their bytes. */
export function deleteAttachmentsOfDocument(
  sql: SqlStorage,
  collection: number,
  id: string,
  now: number,
): AttachmentBytes {
  const names = sql
    .exec(
      "SELECT name FROM attachments WHERE collection = ? AND id = ?",
      collection,
      sortableText(id),
    )
    .toArray()
    .map(({ name }) => name as string);
  return sumAttachmentBytes(names.map((name) => deleteAttachment(sql, collection, id, name, now)));
}

/** Returns the bytes of an attachment, none if there is none. */
export function loadAttachmentBytes(
  sql: SqlStorage,
  collection: number,
  id: string,
  name: string,
): AttachmentBytes {
  const row = sql
    .exec(
      "SELECT length, r2_key FROM attachments WHERE collection = ? AND id = ? AND name = ?",
      collection,
      sortableText(id),
      name,
    )
    .toArray()[0];
  return row ? bytesOfRow(row) : NO_BYTES;
}

/** Returns undefined if there is no such attachment with this digest. */
export const loadAttachment = (
  sql: SqlStorage,
  collection: number,
  id: string,
  name: string,
  digest: string,
): Pick<AttachmentRow, "data" | "r2Key" | "length"> | undefined => {
  const row = sql
    .exec(
      `SELECT data, r2_key, length FROM attachments
       WHERE collection = ? AND id = ? AND name = ? AND digest = ?`,
      collection,
      sortableText(id),
      name,
      digest,
    )
    .toArray()[0];
  if (!row) return undefined;
  const data = row.data === null ? null : new Uint8Array(row.data as ArrayBuffer);
  return { data, r2Key: row.r2_key as string | null, length: row.length as number };
};

/** Which attachment of which document, and where its bytes are. */
export interface AttachmentKey extends Pick<AttachmentRow, "name" | "digest" | "r2Key"> {
  /** Of the write that made the document. */
  seq: number;
}

/** The attachments of the documents that were written after `after`, and not after `until`. */
export const loadAttachmentKeys = (
  sql: SqlStorage,
  collection: number,
  after: number,
  until: number,
): AttachmentKey[] =>
  sql
    .exec(
      `SELECT seq, name, digest, r2_key AS r2Key
       FROM documents CROSS JOIN attachments USING (collection, id)
       WHERE documents.collection = ? AND seq > ? AND seq <= ?`,
      collection,
      after,
      until,
    )
    .toArray() as unknown as AttachmentKey[];

/** Whether any document of a collection has an attachment. */
export const hasAttachments = (sql: SqlStorage, collection: number): boolean =>
  sql.exec("SELECT 1 FROM attachments WHERE collection = ? LIMIT 1", collection).toArray().length >
  0;

/** Whether a body in R2 is an orphan, and has been one only since `since` or later. */
export const isOrphanSince = (sql: SqlStorage, r2Key: string, since: number): boolean =>
  sql.exec("SELECT 1 FROM loose_bodies WHERE r2_key = ? AND since >= ?", r2Key, since).toArray()
    .length > 0;

/** Records a body in R2 that no attachment refers to, not yet or not any more. */
export function recordOrphan(sql: SqlStorage, r2Key: string, now: number): void {
  sql.exec(
    "INSERT INTO loose_bodies (r2_key, since) VALUES (?, ?) ON CONFLICT DO NOTHING",
    r2Key,
    now,
  );
}

/** Records all bodies of a collection as orphans, before the collection is deleted. */
export function recordOrphansOfCollection(sql: SqlStorage, collection: number, now: number): void {
  sql.exec(
    `INSERT INTO loose_bodies (r2_key, since)
     SELECT r2_key, ? FROM attachments WHERE collection = ? AND r2_key IS NOT NULL
     ON CONFLICT DO NOTHING`,
    now,
    collection,
  );
}

/** Returns at most `limit` R2 keys of bodies that have been orphans since `until` or earlier. */
export const loadOrphans = (sql: SqlStorage, until: number, limit: number): string[] =>
  sql
    .exec("SELECT r2_key FROM loose_bodies WHERE since <= ? LIMIT ?", until, limit)
    .toArray()
    .map((row) => row.r2_key as string);

/** Returns since when the oldest orphaned body is one; null if there is none. */
export const findOldestOrphan = (sql: SqlStorage): number | null =>
  sql.exec("SELECT min(since) AS since FROM loose_bodies").one().since as number | null;

/** Deletes the records of orphans, once their bodies are deleted from R2. */
export function deleteOrphans(sql: SqlStorage, r2Keys: string[]): void {
  sql.exec(
    "DELETE FROM loose_bodies WHERE r2_key IN (SELECT value FROM json_each(?))",
    JSON.stringify(r2Keys),
  );
}
