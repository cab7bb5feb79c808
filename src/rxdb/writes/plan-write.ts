/** Plans a `bulkWrite`: which of its rows are applied, and what they change. */

import { categorizeBulkWriteRows } from "rxdb/plugins/core";
import type { Collection } from "../collections";
import type { CollectionSchema } from "../queries/schema";
import type { StoredDocument } from "../queries/stored-document";
import { type CallOutcome, refuseCall } from "../refusals";
import { MAX_FRAME_COST_BYTES, parsedCost } from "../sockets/frame-limits";
import { loadAttachmentBytes, sumAttachmentBytes } from "../tables/attachments";
import { loadDocumentsById } from "../tables/documents";
import type { AttachmentData } from "./attachment-data";
import {
  type DocumentPlan,
  type LoadedDocument,
  MAX_DOCUMENT_BYTES,
  planDocuments,
} from "./plan-documents";
import { serializeEvents, type WriteEvent } from "./write-events";
import type { WriteRequest, WriteRow } from "./write-request";

/**
 * Characters of the stored documents that a write refers to, and of those among them that the answer
 * returns because a row conflicts with them. Parsed, they may take as much as those that it sends.
 */
const MAX_STORED_LENGTH = 16_000_000;

const STORED_TOO_LARGE = refuseCall({
  code: "too-large",
  message: "The stored documents are too large for one write. Send fewer documents per write.",
});

/** What a write changes, given the documents as they are now. */
export interface PlannedWrite
  extends Pick<DocumentPlan, "totals" | "documents" | "entries" | "unordered"> {
  collection: Collection;
  attachments: {
    upserted: { id: string; name: string; digest: string; data: AttachmentData }[];
    deleted: { id: string; name: string }[];
  };
  /** JSON of what `bulkWrite` returns. */
  answer: string;
  /** JSON of the events, and of the checkpoint after them; null if nothing changes. */
  events: { list: string; checkpoint: string } | null;
}

/**
 * Compares each row with the stored document. The row is applied, or is an error of the answer: 409 if
 * another revision is stored, 510 if an attachment lacks its data. Refuses with `too-large` if a
 * document is, or the stored ones are; then nothing may be written.
 */
export function planWrite(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  { rows: all, context, isRetry }: WriteRequest,
): CallOutcome<PlannedWrite> {
  const stored = loadStored(sql, collection, all);
  if (stored === null) return STORED_TOO_LARGE;
  const rows = isRetry ? all.filter((row) => !isAlreadyStored(row, stored, schema)) : all;
  const { first, repeated } = separateRepeated(rows, schema.primaryPath);
  const known = new Map([...stored].map(([id, { document }]) => [id, document]));
  const sorted = categorizeBulkWriteRows(
    { schema: schema.plannerSchema } as never,
    schema.primaryPath as never,
    known as never,
    first as never,
    context,
  );
  const written = inRowOrder(first, schema, [...sorted.bulkInsertDocs, ...sorted.bulkUpdateDocs]);
  const conflicts = repeated.map((row) => conflictOf(row, written, known, schema, context));
  const plan = planDocuments(collection, stored, written);
  if (plan === null) {
    return refuseCall({
      code: "too-large",
      message: `A document with its id may have up to ${MAX_DOCUMENT_BYTES} bytes.`,
    });
  }
  const attachments = {
    upserted: [...sorted.attachmentsAdd, ...sorted.attachmentsUpdate]
      .filter(({ documentId }) => written.has(documentId))
      .map(({ documentId, attachmentId, attachmentData, digest }) => ({
        id: documentId,
        name: attachmentId,
        digest,
        data: attachmentData.data as unknown as AttachmentData,
      })),
    deleted: sorted.attachmentsRemove
      .filter(({ documentId }) => written.has(documentId))
      .map(({ documentId, attachmentId }) => ({ id: documentId, name: attachmentId })),
  };
  const freed = sumAttachmentBytes(
    [...attachments.upserted, ...attachments.deleted].map(({ id, name }) =>
      loadAttachmentBytes(sql, collection.id, id, name),
    ),
  );
  const added = sumAttachmentBytes(
    attachments.upserted.map(({ data: { size, r2Key } }) => ({
      bytes: size,
      r2Bytes: r2Key === null ? 0 : size,
    })),
  );
  const errors = [...sorted.errors, ...conflicts];
  const returned = errors.map(
    ({ documentId }) => plan.dataOf.get(documentId) ?? stored.get(documentId)?.data,
  );
  if (totalLength(returned) > MAX_STORED_LENGTH) return STORED_TOO_LARGE;
  return {
    ok: true,
    value: {
      ...plan,
      collection,
      totals: {
        ...plan.totals,
        bytes: plan.totals.bytes + added.bytes - freed.bytes,
        r2Bytes: plan.totals.r2Bytes + added.r2Bytes - freed.r2Bytes,
      },
      attachments,
      answer: JSON.stringify({ error: errors }),
      events: serializeEvents(sorted.eventBulk.events as unknown as WriteEvent[], plan, stored),
    },
  };
}

/**
 * Whether exactly this row is stored. A client never creates two revisions of a document at the same
 * time of its clock.
 */
function isAlreadyStored(
  { document }: WriteRow,
  stored: Map<string, LoadedDocument>,
  schema: CollectionSchema,
): boolean {
  const current = stored.get(idOf(document, schema))?.document;
  return current?._rev === document._rev && current._meta.lwt === document._meta.lwt;
}

/** Loads the documents that the rows refer to. Returns null if they are too large to hold at once. */
function loadStored(
  sql: SqlStorage,
  collection: Collection,
  rows: WriteRow[],
): Map<string, LoadedDocument> | null {
  const ids = rows.map(({ document }) => document[collection.primaryPath] as string);
  const stored = new Map<string, LoadedDocument>();
  let length = 0;
  let cost = 0;
  for (const data of loadDocumentsById(sql, collection.id, ids, true)) {
    length += data.length;
    cost += parsedCost(data);
    if (length > MAX_STORED_LENGTH || cost > MAX_FRAME_COST_BYTES) return null;
    const document = JSON.parse(data) as StoredDocument;
    stored.set(document[collection.primaryPath] as string, { data, document });
  }
  return stored;
}

const totalLength = (texts: (string | undefined)[]): number =>
  texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);

const idOf = (document: StoredDocument, { primaryPath }: CollectionSchema): string =>
  document[primaryPath] as string;

/** A write writes a document only once: later rows of the same document conflict with the first. */
function separateRepeated(
  rows: WriteRow[],
  primaryPath: string,
): { first: WriteRow[]; repeated: WriteRow[] } {
  const seen = new Set<unknown>();
  const first: WriteRow[] = [];
  const repeated: WriteRow[] = [];
  for (const row of rows) {
    const isFirst = seen.size < seen.add(row.document[primaryPath]).size;
    (isFirst ? first : repeated).push(row);
  }
  return { first, repeated };
}

/** Returns the documents that will be written by id, in the order of the rows. */
function inRowOrder(
  rows: WriteRow[],
  schema: CollectionSchema,
  written: { document: unknown }[],
): Map<string, StoredDocument> {
  const documents = written.map(({ document }) => document as StoredDocument);
  const byId = new Map(documents.map((document) => [idOf(document, schema), document]));
  const ids = rows.map(({ document }) => idOf(document, schema)).filter((id) => byId.has(id));
  return new Map(ids.map((id) => [id, byId.get(id) as StoredDocument]));
}

const conflictOf = (
  writeRow: WriteRow,
  written: Map<string, StoredDocument>,
  known: Map<string, StoredDocument>,
  schema: CollectionSchema,
  context: string,
) => {
  const documentId = idOf(writeRow.document, schema);
  const documentInDb = written.get(documentId) ?? known.get(documentId);
  return { isError: true, status: 409, documentId, writeRow, documentInDb, context };
};
