/** Documents in the object's SQLite. */

import { sortable } from "../queries/sort-key";
import { inLists, listsOf } from "./lists";

/** A document as it is written. */
export interface DocumentRow {
  id: string;
  seq: number;
  isDeleted: boolean;
  lwt: number;
  /** JSON. */
  data: string;
}

/** The JSON of a document; undefined if there is none. */
export const loadDocument = (
  sql: SqlStorage,
  collection: number,
  sortableId: string,
): string | undefined =>
  sql
    .exec("SELECT data FROM documents WHERE collection = ? AND id = ?", collection, sortableId)
    .toArray()[0]?.data as string | undefined;

/** The JSON of the documents that are there, in the order of `ids`. */
export function* loadDocuments(
  sql: SqlStorage,
  collection: number,
  ids: string[],
): Generator<{ data: string; isDeleted: boolean }> {
  for (const list of listsOf(ids.map(sortable))) {
    const rows = sql.exec(
      `SELECT data, deleted FROM json_each(?) AS wanted
       CROSS JOIN documents ON collection = ? AND documents.id = wanted.value`,
      list,
      collection,
    );
    for (const { data, deleted } of rows) yield { data: data as string, isDeleted: deleted === 1 };
  }
}

/** One that is there is replaced. */
export function putDocuments(sql: SqlStorage, collection: number, documents: DocumentRow[]): void {
  const update = `ON CONFLICT DO UPDATE SET
    seq = excluded.seq, deleted = excluded.deleted, lwt = excluded.lwt, data = excluded.data`;
  inLists(
    documents.map(({ id, seq, isDeleted, lwt, data }) => [
      sortable(id),
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

/** All documents of a collection. */
export function* loadAllDocuments(sql: SqlStorage, collection: number): Generator<string> {
  for (const { data } of sql.exec("SELECT data FROM documents WHERE collection = ?", collection)) {
    yield data as string;
  }
}

/** Those that were written after `seq`, in that order. */
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

/** Some of those that were deleted, by the clients' clocks, until then; one at least. */
export function* loadDeleted(
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

/** Its entries are the caller's business. */
export function dropDocument(sql: SqlStorage, collection: number, id: string): void {
  sql.exec("DELETE FROM documents WHERE collection = ? AND id = ?", collection, sortable(id));
}
