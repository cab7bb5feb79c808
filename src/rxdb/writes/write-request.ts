/** Parses the parameters of RxDB's `bulkWrite`. */

import type { CollectionSchema } from "../queries/schema";
import type { StoredDocument } from "../queries/stored-document";
import { type CallOutcome, refuseMalformed } from "../refusals";
import { isObject } from "../sockets/frames";
import { decodeAttachments } from "./attachment-data";

/** One row of a write. */
export interface WriteRow {
  document: StoredDocument;
  previous?: StoredDocument;
}

/** A parsed write. The data of attachments in its rows is `AttachmentData`, if the schema has attachments. */
export interface WriteRequest {
  rows: WriteRow[];
  context: string;
  /** Whether it was sent before: then rows that are already stored are not conflicts. */
  isRetry: boolean;
}

/** Parses the parameters of `bulkWrite`. Refuses with `malformed`. */
export function parseWrite(
  schema: CollectionSchema,
  params: unknown[],
  isRetry: boolean,
): CallOutcome<WriteRequest> {
  const [rows, context = ""] = params;
  const isWrite =
    Array.isArray(rows) && typeof context === "string" && rows.every((row) => isRow(schema, row));
  if (!isWrite) return refuseMalformed("The parameters of bulkWrite must be rows and a context.");
  // In other collections they are a part of the document as any other, as in RxDB's own storages.
  if (schema.hasAttachments && !decodeAttachments(rows)) {
    return refuseMalformed("The data of an attachment is not base64.");
  }
  return { ok: true, value: { rows, context, isRetry } };
}

const isRow = ({ primaryPath }: CollectionSchema, row: unknown): row is WriteRow =>
  isObject(row) &&
  isStoredDocument(row.document) &&
  typeof row.document[primaryPath] === "string" &&
  (row.previous === undefined || row.previous === null || isStoredDocument(row.previous));

/** Whether a parsed JSON value is a document in RxDB's storage format. */
export const isStoredDocument = (value: unknown): value is StoredDocument =>
  isObject(value) &&
  typeof value._rev === "string" &&
  value._rev !== "" &&
  typeof value._deleted === "boolean" &&
  isObject(value._meta) &&
  Number.isFinite(value._meta.lwt) &&
  isObject(value._attachments) &&
  Object.values(value._attachments).every(isObject);
