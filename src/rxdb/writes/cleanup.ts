/** RxDB's `cleanup`: purging documents that were deleted long ago. */

import type { Collection } from "../collections";
import type { StoredDocument } from "../queries/stored-document";
import { deleteAttachmentsOfDocument } from "../tables/attachments";
import { updateTotals } from "../tables/collections";
import { deleteDocumentRow, documentBytes, loadDeletedDocuments } from "../tables/documents";
import { deleteEntry, entryBytes } from "../tables/index-entries";

/** Documents and characters that one call purges; the client calls again. */
const MAX_PURGED_DOCUMENTS = 1000;
const MAX_PURGED_LENGTH = 8_000_000;

/**
 * Purges documents that were deleted, by the clients' clocks, at `until` (milliseconds since 1970) or
 * earlier. Returns whether none of them is left.
 */
export function cleanUpDocuments(
  storage: DurableObjectStorage,
  collection: Collection,
  until: number,
  now: number,
): boolean {
  const { sql } = storage;
  const deleted = [
    ...loadDeletedDocuments(sql, collection.id, until, MAX_PURGED_DOCUMENTS, MAX_PURGED_LENGTH),
  ];
  if (deleted.length === 0) return true;
  let { bytes, r2Bytes } = collection;
  storage.transactionSync(() => {
    for (const data of deleted) {
      const document = JSON.parse(data) as StoredDocument;
      const id = document[collection.primaryPath] as string;
      bytes -= documentBytes({ id, data });
      for (const { id: indexId, index } of collection.indexes) {
        const key = index.keyOf(document);
        deleteEntry(sql, { index: indexId, key, id });
        bytes -= entryBytes({ key, id });
      }
      // A document that was inserted as deleted may have attachments.
      const attachments = deleteAttachmentsOfDocument(sql, collection.id, id, now);
      bytes -= attachments.bytes;
      r2Bytes -= attachments.r2Bytes;
      deleteDocumentRow(sql, collection.id, id);
    }
    updateTotals(sql, { ...collection, bytes, r2Bytes });
  });
  Object.assign(collection, { bytes, r2Bytes });
  return loadDeletedDocuments(sql, collection.id, until, 1, 1).next().done === true;
}
