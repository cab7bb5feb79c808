/** Plans the rows of a write in SQLite: documents, their index entries, and the collection's totals. */

import { Buffer } from "node:buffer";
import type { Collection } from "../collections";
import { createCheckpoint } from "../queries/checkpoint";
import { sortableText } from "../queries/sort-key";
import type { StoredDocument } from "../queries/stored-document";
import type { CollectionTotalsRow } from "../tables/collections";
import { documentBytes, type RxdbDocumentRow } from "../tables/documents";
import { entryBytes, type IndexEntry } from "../tables/index-entries";

/** With its id: SQLite in a Durable Object takes rows of 2,000,000 bytes, and the other columns need few. */
export const MAX_DOCUMENT_BYTES = 1_999_900;

/** A document as it is in the database. */
export interface LoadedDocument {
  /** Its JSON. */
  data: string;
  document: StoredDocument;
}

/** What a write changes, apart from attachments. */
export interface DocumentPlan {
  /** The collection's totals after the write. */
  totals: CollectionTotalsRow;
  documents: RxdbDocumentRow[];
  entries: { inserted: IndexEntry[]; deleted: IndexEntry[] };
  /** Ids of indexes that become unordered. */
  unordered: number[];
  /** The JSON of the written documents by id. */
  dataOf: Map<string, string>;
  /** The checkpoint after the write as JSON. */
  lastCheckpoint: string;
}

/** Plans the documents of a write. Returns null if one is larger than `MAX_DOCUMENT_BYTES`. */
export function planDocuments(
  collection: Collection,
  stored: Map<string, LoadedDocument>,
  written: Map<string, StoredDocument>,
): DocumentPlan | null {
  const entries = { inserted: [] as IndexEntry[], deleted: [] as IndexEntry[] };
  const documents: RxdbDocumentRow[] = [];
  const dataOf = new Map<string, string>();
  const unordered = new Set<number>();
  let { seq, documents: count, bytes } = collection;
  const { r2Bytes } = collection;
  for (const [id, document] of written) {
    const old = stored.get(id);
    const data = JSON.stringify(document);
    const rowBytes = Buffer.byteLength(data) + Buffer.byteLength(sortableText(id));
    if (rowBytes > MAX_DOCUMENT_BYTES) return null;
    const lwt = document._meta.lwt;
    documents.push({ id, seq: ++seq, isDeleted: document._deleted, lwt, data });
    dataOf.set(id, data);
    count += +!document._deleted - +(old !== undefined && !old.document._deleted);
    bytes += documentBytes({ id, data }) - (old ? documentBytes({ id, data: old.data }) : 0);
    for (const { id: indexId, index, isOrdered } of collection.indexes) {
      const key = index.keyOf(document);
      const oldKey = old && index.keyOf(old.document);
      if (isOrdered && !index.isInOrder(document)) unordered.add(indexId);
      if (key === oldKey) continue;
      entries.inserted.push({ index: indexId, key, id });
      bytes += entryBytes({ key, id });
      if (oldKey === undefined) continue;
      entries.deleted.push({ index: indexId, key: oldKey, id });
      bytes -= entryBytes({ key: oldKey, id });
    }
  }
  const last = documents.at(-1);
  const lastCheckpoint = JSON.stringify(last ? createCheckpoint(collection, last) : null);
  const totals = { seq, documents: count, bytes, r2Bytes };
  return { totals, documents, entries, unordered: [...unordered], dataOf, lastCheckpoint };
}
