/** Attachments in the object's SQLite, and what is kept of those in R2. */

import { sortable } from "../queries/sort-key";

export interface AttachmentRow {
  id: string;
  name: string;
  digest: string;
  /** Bytes. */
  length: number;
  /** Null: they are in R2. */
  data: Uint8Array | null;
  r2Key: string | null;
}

/** One that is there is replaced; its body in R2, if it has one, is let loose. */
export function putAttachment(
  sql: SqlStorage,
  collection: number,
  attachment: AttachmentRow,
  now: number,
): void {
  const { id, name, digest, length, data, r2Key } = attachment;
  dropAttachment(sql, collection, id, name, now);
  sql.exec(
    `INSERT INTO attachments (collection, id, name, digest, length, data, r2_key)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    collection,
    sortable(id),
    name,
    digest,
    length,
    data,
    r2Key,
  );
  if (r2Key !== null) sql.exec("DELETE FROM loose_bodies WHERE r2_key = ?", r2Key);
}

/** Returns how many bytes it had; 0 if there was none. */
export function dropAttachment(
  sql: SqlStorage,
  collection: number,
  id: string,
  name: string,
  now: number,
): number {
  const dropped = sql
    .exec(
      `DELETE FROM attachments WHERE collection = ? AND id = ? AND name = ?
       RETURNING length, r2_key`,
      collection,
      sortable(id),
      name,
    )
    .toArray()[0];
  if (!dropped) return 0;
  if (dropped.r2_key !== null) letLoose(sql, dropped.r2_key as string, now);
  return dropped.length as number;
}

/** All of a document. Returns how many bytes they had. */
export function dropAttachmentsOf(
  sql: SqlStorage,
  collection: number,
  id: string,
  now: number,
): number {
  const names = sql
    .exec("SELECT name FROM attachments WHERE collection = ? AND id = ?", collection, sortable(id))
    .toArray()
    .map(({ name }) => name as string);
  return names.reduce((sum, name) => sum + dropAttachment(sql, collection, id, name, now), 0);
}

/** How many bytes an attachment has; 0 if there is none. */
export const sizeOfAttachment = (
  sql: SqlStorage,
  collection: number,
  id: string,
  name: string,
): number =>
  (sql
    .exec(
      "SELECT length FROM attachments WHERE collection = ? AND id = ? AND name = ?",
      collection,
      sortable(id),
      name,
    )
    .toArray()[0]?.length as number | undefined) ?? 0;

/** Undefined: there is none of this digest. */
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
      sortable(id),
      name,
      digest,
    )
    .toArray()[0];
  if (!row) return undefined;
  const data = row.data === null ? null : new Uint8Array(row.data as ArrayBuffer);
  return { data, r2Key: row.r2_key as string | null, length: row.length as number };
};

/** A body in R2 that nothing names: not yet, or no more. */
export function letLoose(sql: SqlStorage, r2Key: string, now: number): void {
  sql.exec(
    "INSERT INTO loose_bodies (r2_key, since) VALUES (?, ?) ON CONFLICT DO NOTHING",
    r2Key,
    now,
  );
}

/** Lets all bodies of a collection loose, before it is dropped. */
export function letAllLoose(sql: SqlStorage, collection: number, now: number): void {
  sql.exec(
    `INSERT INTO loose_bodies (r2_key, since)
     SELECT r2_key, ? FROM attachments WHERE collection = ? AND r2_key IS NOT NULL
     ON CONFLICT DO NOTHING`,
    now,
    collection,
  );
}

/** Some of those that have been loose since `until` or before. */
export const loadLoose = (sql: SqlStorage, until: number, limit: number): string[] =>
  sql
    .exec("SELECT r2_key FROM loose_bodies WHERE since <= ? LIMIT ?", until, limit)
    .toArray()
    .map((row) => row.r2_key as string);

export const hasLoose = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM loose_bodies LIMIT 1").toArray().length > 0;

/** Once they are deleted in R2. */
export function forgetLoose(sql: SqlStorage, r2Keys: string[]): void {
  sql.exec(
    "DELETE FROM loose_bodies WHERE r2_key IN (SELECT value FROM json_each(?))",
    JSON.stringify(r2Keys),
  );
}
