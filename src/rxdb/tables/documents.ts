/** The `documents` table of the module object. */

import { Buffer } from "node:buffer";
import { sortableText } from "../queries/sort-key";
import { runInBatches, toJsonLists } from "./json-lists";

/** The current revision of a document. */
export interface RxdbDocumentRow {
  id: string;
  /** Sequence number, in the collection, of the write that made this revision. */
  seq: number;
  isDeleted: boolean;
  /** RxDB's "last write time", by the client's clock. */
  lwt: number;
  /** The document as JSON. */
  data: string;
}

/** How many bytes a document adds to its collection: its id is in `documents_by_seq`, too. */
export const documentBytes = ({ id, data }: Pick<RxdbDocumentRow, "id" | "data">): number =>
  Buffer.byteLength(data) + 2 * Buffer.byteLength(sortableText(id));

/** Returns the JSON of a document, undefined if there is none. `sortableId`: see `sortableText`. */
export const loadDocument = (
  sql: SqlStorage,
  collection: number,
  sortableId: string,
): string | undefined =>
  sql
    .exec("SELECT data FROM documents WHERE collection = ? AND id = ?", collection, sortableId)
    .toArray()[0]?.data as string | undefined;

/**
 * Yields the JSON of the documents that exist, each once, in the order of `ids`; deleted ones only
 * `withDeleted`.
 */
export function* loadDocumentsById(
  sql: SqlStorage,
  collection: number,
  ids: string[],
  withDeleted: boolean,
): Generator<string> {
  for (const list of toJsonLists([...new Set(ids)].map(sortableText))) {
    const rows = sql.exec(
      `SELECT data FROM json_each(?) AS wanted
       CROSS JOIN documents ON collection = ? AND documents.id = wanted.value
         AND (deleted = 0 OR ?)`,
      list,
      collection,
      +withDeleted,
    );
    for (const { data } of rows) yield data as string;
  }
}

/** Counts the documents of a collection, deleted ones too. */
export const countDocuments = (sql: SqlStorage, collection: number): number =>
  sql.exec("SELECT count(*) AS count FROM documents WHERE collection = ?", collection).one()
    .count as number;

/** Inserts documents, or replaces them. */
export function upsertDocuments(
  sql: SqlStorage,
  collection: number,
  documents: RxdbDocumentRow[],
): void {
  const update = `ON CONFLICT DO UPDATE SET
    seq = excluded.seq, deleted = excluded.deleted, lwt = excluded.lwt, data = excluded.data`;
  runInBatches(
    documents.map(({ id, seq, isDeleted, lwt, data }) => [
      sortableText(id),
      seq,
      +isDeleted,
      lwt,
      data,
    ]),
    (list) =>
      sql.exec(
        `INSERT INTO documents (collection, id, seq, deleted, lwt, data)
         SELECT ?, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4
         FROM json_each(?) WHERE true ${update}`,
        collection,
        list,
      ),
    (row) =>
      sql.exec(
        `INSERT INTO documents (collection, id, seq, deleted, lwt, data)
         VALUES (?, ?, ?, ?, ?, ?) ${update}`,
        collection,
        ...row,
      ),
  );
}

/** Yields the JSON of all documents of a collection, deleted ones too. */
export function* loadAllDocuments(sql: SqlStorage, collection: number): Generator<string> {
  for (const { data } of sql.exec("SELECT data FROM documents WHERE collection = ?", collection)) {
    yield data as string;
  }
}

/** Yields the documents written after `seq`, in the order of their last writes. */
export function* loadChanges(
  sql: SqlStorage,
  collection: number,
  seq: number,
): Generator<{ seq: number; data: string }> {
  const rows = sql.exec(
    "SELECT seq, data FROM documents WHERE collection = ? AND seq > ? ORDER BY seq",
    collection,
    seq,
  );
  for (const row of rows) yield { seq: row.seq as number, data: row.data as string };
}

/** Yields of the same documents how many bytes of JSON and how many attachments they have. */
export function* loadChangeSizes(
  sql: SqlStorage,
  collection: number,
  seq: number,
): Generator<{ seq: number; bytes: number; attachments: number }> {
  const rows = sql.exec(
    `SELECT seq, octet_length(data) AS bytes,
       (SELECT count(*) FROM attachments
        WHERE attachments.collection = documents.collection AND attachments.id = documents.id
       ) AS attachments
     FROM documents WHERE collection = ? AND seq > ? ORDER BY seq`,
    collection,
    seq,
  );
  for (const row of rows) yield row as { seq: number; bytes: number; attachments: number };
}

/**
 * Yields the JSON of documents that were deleted, by the clients' clocks, at `until` or earlier, the
 * oldest first: at most `limit`, and no more once they have more than `maxLength` characters in all.
 */
export function* loadDeletedDocuments(
  sql: SqlStorage,
  collection: number,
  until: number,
  limit: number,
  maxLength: number,
): Generator<string> {
  const rows = sql.exec(
    `SELECT data FROM documents
     WHERE collection = ? AND deleted = 1 AND lwt <= ? ORDER BY lwt LIMIT ?`,
    collection,
    until,
    limit,
  );
  let length = 0;
  for (const { data } of rows) {
    yield data as string;
    length += (data as string).length;
    if (length > maxLength) return;
  }
}

/** Deletes the row of a document. The caller deletes its index entries. */
export function deleteDocumentRow(sql: SqlStorage, collection: number, id: string): void {
  sql.exec("DELETE FROM documents WHERE collection = ? AND id = ?", collection, sortableText(id));
}
