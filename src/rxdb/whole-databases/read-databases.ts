/** Reads databases as a whole: collections, their schemas, and documents in the order of their writes. */

import type { Collection } from "../collections";
import { type CallOutcome, refuseCall } from "../refusals";
import { loadAttachment } from "../tables/attachments";
import { loadCollections } from "../tables/collections";
import { loadChanges } from "../tables/documents";
import type { TransferAnswer } from "./requests";

/** Documents of a page, and their characters of JSON; one document may be longer. */
const MAX_PAGE_DOCUMENTS = 1000;
const MAX_PAGE_LENGTH = 4_000_000;

const NO_ATTACHMENT = refuseCall({ code: "not-found", message: "There is no such attachment." });

/**
 * Lists all collections, as JSON. Their `state` is another one after every change of their documents: a write has a new
 * `seq`, what is purged has bytes, and a collection that is created again has a new id.
 */
export function listCollections(sql: SqlStorage): string {
  const collections = loadCollections(sql).map(
    ({ id, database, name, version, seq, documents, bytes }) => ({
      database,
      collection: name,
      version,
      documents,
      bytes,
      state: [id, seq, bytes].join("-"),
    }),
  );
  return JSON.stringify({ collections });
}

/**
 * Returns a page of documents as JSON: those whose last write came after `since`, each as it is now, without those
 * written after `until`, unless that is null.
 */
export function readDocuments(
  sql: SqlStorage,
  { id, seq: newest }: Collection,
  since: number,
  until: number | null,
): string {
  const documents: string[] = [];
  let length = 0;
  let last = since;
  let isLast = true;
  for (const { seq, data } of loadChanges(sql, id, since)) {
    if (until !== null && seq > until) break;
    length += data.length;
    const isFull = documents.length === MAX_PAGE_DOCUMENTS || length > MAX_PAGE_LENGTH;
    if (isFull && documents.length > 0) {
      isLast = false;
      break;
    }
    documents.push(data);
    last = seq;
  }
  const position = JSON.stringify({ since: last, isLast, newest });
  return `{"documents":[${documents.join(",")}],${position.slice(1)}`;
}

/** Finds an attachment: its bytes, or where they are in R2. Refuses with `not-found`. */
export function findAttachment(
  sql: SqlStorage,
  { id }: Collection,
  { document, name, digest }: { document: string; name: string; digest: string },
): CallOutcome<TransferAnswer> {
  const found = loadAttachment(sql, id, document, name, digest);
  if (!found) return NO_ATTACHMENT;
  const { data, r2Key } = found;
  if (data !== null) return { ok: true, value: { kind: "bytes", bytes: data } };
  return r2Key === null ? NO_ATTACHMENT : { ok: true, value: { kind: "body", r2Key, json: "" } };
}
