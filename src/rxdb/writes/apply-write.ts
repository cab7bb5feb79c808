/** Applies a planned write: to SQLite, and then to the open collection. */

import { deleteAttachment, upsertAttachment } from "../tables/attachments";
import { markUnordered, updateTotals } from "../tables/collections";
import { upsertDocuments } from "../tables/documents";
import { deleteEntry, insertEntries } from "../tables/index-entries";
import type { PlannedWrite } from "./plan-write";

/** Applies a planned write to SQLite, within the caller's transaction. */
export function applyWrite(sql: SqlStorage, write: PlannedWrite, now: number): void {
  const { collection, totals, documents, entries, unordered, attachments } = write;
  upsertDocuments(sql, collection.id, documents);
  for (const entry of entries.deleted) deleteEntry(sql, entry);
  insertEntries(sql, entries.inserted);
  for (const index of unordered) markUnordered(sql, index);
  for (const { id, name } of attachments.deleted) {
    deleteAttachment(sql, collection.id, id, name, now);
  }
  for (const { id, name, digest, data } of attachments.upserted) {
    const { size: length, bytes, r2Key } = data;
    const location = { data: r2Key === null ? bytes : null, r2Key };
    upsertAttachment(sql, collection.id, { id, name, digest, length, ...location }, now);
  }
  if (documents.length > 0) updateTotals(sql, { id: collection.id, ...totals });
}

/** Updates the open collection with what a write has changed. Call it once the write is committed. */
export function updateOpenCollection({ collection, totals, unordered }: PlannedWrite): void {
  Object.assign(collection, totals);
  for (const index of collection.indexes) {
    if (unordered.includes(index.id)) index.isOrdered = false;
  }
}
