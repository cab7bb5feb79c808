/** cleanup: forgetting documents that were deleted long ago. */

import { Buffer } from "node:buffer";
import type { Collection } from "../collections";
import type { StoredDocument } from "../queries/schema";
import { dropAttachmentsOf } from "../tables/attachments";
import { noteWrite } from "../tables/collections";
import { dropDocument, loadDeleted } from "../tables/documents";
import { dropEntry, sizeOfKey } from "../tables/index-entries";

/** At once, documents and characters; the client asks again. */
const MAX_CLEANED = 1000;
const MAX_CLEANED_LENGTH = 8_000_000;

/**
 * Forgets documents that were deleted, by the clients' clocks, until a time (milliseconds since
 * 1970). Returns whether that were all.
 */
export function cleanUp(
  storage: DurableObjectStorage,
  collection: Collection,
  until: number,
  now: number,
): boolean {
  const { sql } = storage;
  const deleted = [...loadDeleted(sql, collection.id, until, MAX_CLEANED, MAX_CLEANED_LENGTH)];
  if (deleted.length === 0) return true;
  let { bytes } = collection;
  storage.transactionSync(() => {
    for (const data of deleted) {
      const document = JSON.parse(data) as StoredDocument;
      const id = document[collection.primaryPath] as string;
      bytes -= Buffer.byteLength(data);
      for (const { id: index, index: keys } of collection.indexes) {
        const key = keys.keyOf(document);
        dropEntry(sql, { index, key, id });
        bytes -= sizeOfKey(key);
      }
      // One that was deleted from the start may have brought some.
      bytes -= dropAttachmentsOf(sql, collection.id, id, now);
      dropDocument(sql, collection.id, id);
    }
    noteWrite(sql, { ...collection, bytes });
  });
  collection.bytes = bytes;
  return loadDeleted(sql, collection.id, until, 1, 1).next().done === true;
}
