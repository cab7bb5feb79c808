/** The events by which RxDB closes the collections of a database that the user has deleted. Pure. */

import type { StoredDocument } from "../queries/stored-document";

/** The collection in which RxDB keeps the list of a database's collections. */
export const INTERNAL_STORE = "_rxdb_internal";

/** Characters of its documents. With more it is no list of RxDB, and nobody is told. */
const MAX_LIST_LENGTH = 1_000_000;

/**
 * Returns the list of events as JSON, as if a client had removed each collection: RxDB watches the list,
 * and would otherwise show deleted documents in live queries until it calls a method. `documents`:
 * those of the internal store, as JSON. Returns null if there is nothing to tell.
 */
export function removalEvents(documents: Iterable<string>, primaryPath: string): string | null {
  const events: object[] = [];
  let length = 0;
  for (const data of documents) {
    length += data.length;
    if (length > MAX_LIST_LENGTH) return null;
    const document = JSON.parse(data) as StoredDocument;
    if (document.context !== "collection" || document._deleted) continue;
    events.push({
      documentId: document[primaryPath],
      operation: "DELETE",
      documentData: { ...document, _deleted: true },
      previousDocumentData: document,
    });
  }
  return events.length > 0 ? JSON.stringify(events) : null;
}
