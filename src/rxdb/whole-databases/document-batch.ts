/** Parses documents that are written as a whole, and plans what becomes of each. */

import { isDeepStrictEqual } from "node:util";
import * as v from "valibot";
import { sortableText } from "../queries/sort-key";
import type { StoredDocument } from "../queries/stored-document";
import { type CallOutcome, refuseCall, refuseMalformed } from "../refusals";
import { MAX_FRAME_COST_BYTES, parsedCost } from "../sockets/frame-limits";
import { loadAttachment } from "../tables/attachments";
import { loadDocument } from "../tables/documents";
import { AttachmentData } from "../writes/attachment-data";
import { isStoredDocument, type WriteRow } from "../writes/write-request";

const MAX_DOCUMENTS = 1000;

/** A batch of documents for one collection. */
export interface DocumentBatch {
  documents: StoredDocument[];
  hasAttachments: boolean;
}

/** Clients fail with documents whose revision has no number. */
const REVISION_PATTERN = /^\d{1,15}-/;

const isReadDocument = (value: unknown): boolean =>
  isStoredDocument(value) && REVISION_PATTERN.test(value._rev);

const Batch = v.object({
  documents: v.pipe(v.array(v.custom<StoredDocument>(isReadDocument)), v.maxLength(MAX_DOCUMENTS)),
  attachments: v.optional(v.boolean(), false),
});

/** Parses a batch. Refuses with `malformed` and `too-large`. */
export function parseBatch(json: string, primaryPath: string): CallOutcome<DocumentBatch> {
  if (parsedCost(json) > MAX_FRAME_COST_BYTES) {
    return refuseCall({ code: "too-large", message: "There are too many values in one request." });
  }
  const parsed = v.safeParse(Batch, parseJson(json));
  const isBatch =
    parsed.success &&
    parsed.output.documents.every((document) => typeof document[primaryPath] === "string") &&
    (!parsed.output.attachments || parsed.output.documents.every(hasDigests));
  if (!isBatch) {
    return refuseMalformed(
      `The body must be {"documents": [...]} with up to ${MAX_DOCUMENTS} documents as they were read.`,
    );
  }
  const { documents, attachments: hasAttachments } = parsed.output;
  return { ok: true, value: { documents, hasAttachments } };
}

const hasDigests = ({ _attachments }: StoredDocument): boolean =>
  Object.values(_attachments).every(({ digest }) => typeof digest === "string");

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What becomes of a document. */
export type WriteResult =
  | { outcome: "new" | "equal" | "kept" | "replaced" }
  | { outcome: "incomplete"; missing: string[] };

/** A document that is to be written. */
export interface DocumentToWrite {
  row: WriteRow;
  /** Whether its row is about attachments, too. */
  hasAttachments: boolean;
}

/** What becomes of a document, and how it is written, if it is. */
export type PlannedRevision = {
  result: WriteResult;
  /** Of the stored document, in characters; 0: there is none. */
  storedLength: number;
} & (DocumentToWrite | { row: null });

/** What a document is compared with. */
export interface BatchTarget {
  collection: number;
  primaryPath: string;
  onConflict: "keep" | "replace";
  /** Finds an upload by its id; null if there is none, or it is too old. */
  findUpload(id: string): AttachmentData | null;
}

/** A document as it would be read again: without negative zeros, for instance. */
const asStored = (document: StoredDocument): unknown => JSON.parse(JSON.stringify(document));

/** Compares a document with the stored one. */
export function planDocument(
  sql: SqlStorage,
  document: StoredDocument,
  hasAttachments: boolean,
  { collection, primaryPath, onConflict, findUpload }: BatchTarget,
): PlannedRevision {
  const id = document[primaryPath] as string;
  const stored = loadDocument(sql, collection, sortableText(id));
  const storedLength = stored?.length ?? 0;
  const unwritten = (result: WriteResult) => ({ result, row: null, storedLength });
  const { document: bare, bytes } = hasAttachments
    ? separateBytes(document, findUpload)
    : { document, bytes: new Map() };
  const previous = stored === undefined ? undefined : (JSON.parse(stored) as StoredDocument);
  // RxDB may have written the members of an attachment in another order.
  if (previous?._rev === bare._rev && isDeepStrictEqual(previous, asStored(bare))) {
    return unwritten({ outcome: "equal" });
  }
  if (previous && onConflict === "keep") return unwritten({ outcome: "kept" });
  // The bytes of what is deleted are gone, whatever the document still says of them.
  const needsBytes = hasAttachments && !document._deleted;
  const stubs = needsBytes ? Object.entries(bare._attachments) : [];
  const isStored = ([name, { digest }]: (typeof stubs)[number]) =>
    previous !== undefined && loadAttachment(sql, collection, id, name, digest) !== undefined;
  const missing = stubs.filter((stub) => !bytes.has(stub[0]) && !isStored(stub));
  if (missing.length > 0) {
    return unwritten({ outcome: "incomplete", missing: missing.map(([name]) => name) });
  }
  return {
    result: { outcome: previous ? "replaced" : "new" },
    row: {
      document: needsBytes ? withBytes(bare, bytes) : bare,
      ...(previous ? { previous } : {}),
    },
    // RxDB's helper wants the bytes of an inserted document even if it is deleted.
    hasAttachments: needsBytes || (hasAttachments && previous !== undefined),
    storedLength,
  };
}

/** The document as it is stored, and the bytes of its attachments that came along, in base64 or uploaded. */
function separateBytes(
  document: StoredDocument,
  findUpload: BatchTarget["findUpload"],
): { document: StoredDocument; bytes: Map<string, AttachmentData | string> } {
  const bytes = new Map<string, AttachmentData | string>();
  const stubs = Object.entries(document._attachments).map(([name, attachment]) => {
    const { data, upload, ...stub } = attachment as unknown as Record<string, unknown>;
    const found = typeof upload === "string" ? findUpload(upload) : data;
    if (typeof found === "string" || found instanceof AttachmentData) bytes.set(name, found);
    return [name, stub];
  });
  return { document: { ...document, _attachments: Object.fromEntries(stubs) }, bytes };
}

function withBytes(
  document: StoredDocument,
  bytes: Map<string, AttachmentData | string>,
): StoredDocument {
  const attachments = Object.entries(document._attachments).map(([name, stub]) => [
    name,
    bytes.has(name) ? { ...stub, data: bytes.get(name) } : stub,
  ]);
  return { ...document, _attachments: Object.fromEntries(attachments) };
}
