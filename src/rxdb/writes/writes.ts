/** bulkWrite: which rows of a write are made, and what that changes. */

import { Buffer } from "node:buffer";
import { categorizeBulkWriteRows } from "rxdb/plugins/core";
import type { Collection } from "../collections";
import { checkpointAt } from "../queries/checkpoint";
import type { CollectionSchema, StoredDocument } from "../queries/schema";
import { malformed, type Reply, refuse } from "../refusals";
import { isObject } from "../sockets/frames";
import { dropAttachment, putAttachment, sizeOfAttachment } from "../tables/attachments";
import { markUnfaithful, noteWrite } from "../tables/collections";
import { type DocumentRow, loadDocuments, putDocuments } from "../tables/documents";
import { dropEntry, type Entry, putEntries, sizeOfKey } from "../tables/index-entries";
import { type AttachmentData, decodeAttachments } from "./attachments";

/** One row of a write. */
export interface WriteRow {
  document: StoredDocument;
  previous?: StoredDocument;
}

/** A write that was understood, with the bytes of attachments as `AttachmentData` in its rows. */
export interface Write {
  rows: WriteRow[];
  context: string;
  /** Whether it was sent before: what it has made by then is no conflict. */
  isRetry: boolean;
}

/** SQLite in an object takes rows of 2 MB. */
const MAX_DOCUMENT_BYTES = 2_000_000;

/**
 * Characters of the documents that are there before a write, and of those among them that come back in
 * the answer, as what a row conflicts with.
 */
const MAX_STORED_LENGTH = 16_000_000;

const TOO_MUCH = refuse({
  code: "too-large",
  message:
    "The documents that are there already are too large for one write. Write fewer at a time.",
});

/** Reads the parameters of bulkWrite. Refuses with `malformed`. */
export function parseWrite(
  schema: CollectionSchema,
  params: unknown[],
  isRetry: boolean,
): Reply<Write> {
  const [rows, context = ""] = params;
  const isWrite =
    Array.isArray(rows) && typeof context === "string" && rows.every((row) => isRow(schema, row));
  if (!isWrite) return malformed("These are not the rows of a bulkWrite of RxDB.");
  if (!decodeAttachments(rows)) return malformed("The data of an attachment is not base64.");
  return { ok: true, value: { rows, context, isRetry } };
}

const isRow = ({ primaryPath }: CollectionSchema, row: unknown): row is WriteRow =>
  isObject(row) &&
  isDocument(row.document) &&
  typeof row.document[primaryPath] === "string" &&
  (row.previous === undefined || row.previous === null || isDocument(row.previous));

const isDocument = (value: unknown): value is StoredDocument =>
  isObject(value) &&
  typeof value._rev === "string" &&
  typeof value._deleted === "boolean" &&
  isObject(value._meta) &&
  typeof value._meta.lwt === "number" &&
  isObject(value._attachments) &&
  Object.values(value._attachments).every(isObject);

/** What a write would change, as the documents stand now. */
export interface PlannedWrite {
  collection: Collection;
  /** As they stand after it. */
  totals: { seq: number; documents: number; bytes: number };
  documents: DocumentRow[];
  entries: { put: Entry[]; drop: Entry[] };
  /** Ids of indexes that are not faithful any more. */
  unfaithful: number[];
  attachments: {
    put: { id: string; name: string; digest: string; data: AttachmentData }[];
    drop: { id: string; name: string }[];
  };
  /** JSON of what bulkWrite returns. */
  answer: string;
  /** JSON of the events, and of the checkpoint after them; null: nothing has changed. */
  events: { list: string; checkpoint: string } | null;
}

/**
 * Weighs each row against the document that is there: it is made, or it is an error of the answer
 * (409: another revision is there; 510: an attachment without data). Refuses with `too-large` a
 * document that cannot be kept; then nothing is written.
 */
export function planWrite(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  { rows: all, context, isRetry }: Write,
): Reply<PlannedWrite> {
  const stored = loadStored(sql, collection, all);
  if (stored === null) return TOO_MUCH;
  const rows = isRetry ? all.filter((row) => !isMade(row, stored, schema)) : all;
  const { first, repeated } = splitRepeated(rows, schema.primaryPath);
  const known = new Map([...stored].map(([id, { document }]) => [id, document]));
  const sorted = categorizeBulkWriteRows(
    { schema: schema.planned } as never,
    schema.primaryPath as never,
    known as never,
    first as never,
    context,
  );
  const byId = inOrderOf(first, schema, [...sorted.bulkInsertDocs, ...sorted.bulkUpdateDocs]);
  const late = repeated.map((row) => conflictOf(row, byId, known, schema, context));
  const plan = planDocuments(collection, stored, byId);
  if (plan === null) {
    return refuse({
      code: "too-large",
      message: `A document may have ${MAX_DOCUMENT_BYTES} bytes at most.`,
    });
  }
  const attachments = {
    put: [...sorted.attachmentsAdd, ...sorted.attachmentsUpdate]
      .filter(({ documentId }) => byId.has(documentId))
      .map(({ documentId, attachmentId, attachmentData, digest }) => ({
        id: documentId,
        name: attachmentId,
        digest,
        data: attachmentData.data as unknown as AttachmentData,
      })),
    drop: sorted.attachmentsRemove
      .filter(({ documentId }) => byId.has(documentId))
      .map(({ documentId, attachmentId }) => ({ id: documentId, name: attachmentId })),
  };
  const sizeOf = ({ id, name }: { id: string; name: string }) =>
    sizeOfAttachment(sql, collection.id, id, name);
  const freed = [...attachments.put, ...attachments.drop].reduce(
    (sum, one) => sum + sizeOf(one),
    0,
  );
  const added = attachments.put.reduce((sum, { data }) => sum + data.size, 0);
  const errors = [...sorted.errors, ...late];
  const told = errors.map(
    ({ documentId }) => plan.dataOf.get(documentId) ?? stored.get(documentId)?.data,
  );
  if (lengthOf(told) > MAX_STORED_LENGTH) return TOO_MUCH;
  return {
    ok: true,
    value: {
      ...plan,
      collection,
      totals: { ...plan.totals, bytes: plan.totals.bytes + added - freed },
      attachments,
      answer: JSON.stringify({ error: errors }),
      events: eventsOf(sorted.eventBulk.events as unknown as Event[], plan, stored),
    },
  };
}

/**
 * Whether a row is what is stored. A client never makes two revisions of a document at the same time
 * of its clock.
 */
function isMade(
  { document }: WriteRow,
  stored: Map<string, Stored>,
  schema: CollectionSchema,
): boolean {
  const made = stored.get(idOf(document, schema))?.document;
  return made?._rev === document._rev && made._meta.lwt === document._meta.lwt;
}

interface Stored {
  data: string;
  document: StoredDocument;
}

/** The documents that the rows are about; null: they are too large to be held at once. */
function loadStored(
  sql: SqlStorage,
  collection: Collection,
  rows: WriteRow[],
): Map<string, Stored> | null {
  const ids = rows.map(({ document }) => document[collection.primaryPath] as string);
  const stored = new Map<string, Stored>();
  let length = 0;
  for (const { data } of loadDocuments(sql, collection.id, ids)) {
    length += data.length;
    if (length > MAX_STORED_LENGTH) return null;
    const document = JSON.parse(data) as StoredDocument;
    stored.set(document[collection.primaryPath] as string, { data, document });
  }
  return stored;
}

const lengthOf = (texts: (string | undefined)[]): number =>
  texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);

const idOf = (document: StoredDocument, { primaryPath }: CollectionSchema): string =>
  document[primaryPath] as string;

/** A document can be written once in a write: what comes again finds another revision. */
function splitRepeated(
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

/** The documents that will be written, by id, in the order of the rows. */
function inOrderOf(
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

type DocumentPlan = Pick<PlannedWrite, "totals" | "documents" | "entries" | "unfaithful"> & {
  dataOf: Map<string, string>;
  lastCheckpoint: string;
};

/** Null: one is too large. */
function planDocuments(
  collection: Collection,
  stored: Map<string, Stored>,
  changed: Map<string, StoredDocument>,
): DocumentPlan | null {
  const entries = { put: [] as Entry[], drop: [] as Entry[] };
  const documents: DocumentRow[] = [];
  const dataOf = new Map<string, string>();
  const unfaithful = new Set<number>();
  let { seq, documents: count, bytes } = collection;
  for (const [id, document] of changed) {
    const old = stored.get(id);
    const data = JSON.stringify(document);
    const length = Buffer.byteLength(data);
    if (length > MAX_DOCUMENT_BYTES) return null;
    const lwt = document._meta.lwt;
    documents.push({ id, seq: ++seq, isDeleted: document._deleted, lwt, data });
    dataOf.set(id, data);
    count += +!document._deleted - +(old !== undefined && !old.document._deleted);
    bytes += length - (old ? Buffer.byteLength(old.data) : 0);
    for (const { id: index, index: keys, isFaithful } of collection.indexes) {
      const key = keys.keyOf(document);
      const oldKey = old && keys.keyOf(old.document);
      if (isFaithful && !keys.isFaithful(document)) unfaithful.add(index);
      if (key === oldKey) continue;
      entries.put.push({ index, key, id });
      bytes += sizeOfKey(key);
      if (oldKey === undefined) continue;
      entries.drop.push({ index, key: oldKey, id });
      bytes -= sizeOfKey(oldKey);
    }
  }
  const last = documents.at(-1);
  const lastCheckpoint = JSON.stringify(last ? checkpointAt(collection, last) : null);
  const totals = { seq, documents: count, bytes };
  return { totals, documents, entries, unfaithful: [...unfaithful], dataOf, lastCheckpoint };
}

interface Event {
  documentId: string;
  operation: "INSERT" | "UPDATE" | "DELETE";
  previousDocumentData?: StoredDocument | null;
}

/** In JSON, of what was written alone: RxDB's helper tells of rows, too, that lack an attachment. */
function eventsOf(
  events: Event[],
  { dataOf, lastCheckpoint }: DocumentPlan,
  stored: Map<string, Stored>,
): PlannedWrite["events"] {
  const list = events
    .filter(({ documentId }) => dataOf.has(documentId))
    .map(({ documentId, operation, previousDocumentData }) => {
      const head = JSON.stringify({ documentId, operation }).slice(0, -1);
      const previous =
        (previousDocumentData && stored.get(documentId)?.data) ??
        JSON.stringify(previousDocumentData);
      const tail = previous === undefined ? "" : `,"previousDocumentData":${previous}`;
      return `${head},"documentData":${dataOf.get(documentId)}${tail}}`;
    });
  return list.length > 0 ? { list: `[${list.join(",")}]`, checkpoint: lastCheckpoint } : null;
}

/** Makes a planned write, within a transaction of the caller's. */
export function applyWrite(sql: SqlStorage, write: PlannedWrite, now: number): void {
  const { collection, totals, documents, entries, unfaithful, attachments } = write;
  putDocuments(sql, collection.id, documents);
  for (const entry of entries.drop) dropEntry(sql, entry);
  putEntries(sql, entries.put);
  for (const index of unfaithful) markUnfaithful(sql, index);
  for (const { id, name } of attachments.drop) dropAttachment(sql, collection.id, id, name, now);
  for (const { id, name, digest, data } of attachments.put) {
    const { size: length, bytes, r2Key } = data;
    const place = { data: r2Key === null ? bytes : null, r2Key };
    putAttachment(sql, collection.id, { id, name, digest, length, ...place }, now);
  }
  if (documents.length > 0) noteWrite(sql, { id: collection.id, ...totals });
}

/** Remembers, once it is committed, what a write has changed of its collection. */
export function rememberWrite({ collection, totals, unfaithful }: PlannedWrite): void {
  Object.assign(collection, totals);
  for (const index of collection.indexes) {
    if (unfaithful.includes(index.id)) index.isFaithful = false;
  }
}
