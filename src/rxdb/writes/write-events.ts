/** The events of a write, as JSON for its event bulk. */

import type { StoredDocument } from "../queries/stored-document";
import type { DocumentPlan, LoadedDocument } from "./plan-documents";

/** An event as RxDB's helper returns it. */
export interface WriteEvent {
  documentId: string;
  operation: "INSERT" | "UPDATE" | "DELETE";
  previousDocumentData?: StoredDocument | null;
}

/**
 * Returns the list of events and the checkpoint after them, both as JSON; null if there are none.
 * RxDB's helper also has events for rows that lack an attachment; those were not written, and have
 * none here.
 */
export function serializeEvents(
  events: WriteEvent[],
  { dataOf, lastCheckpoint }: DocumentPlan,
  stored: Map<string, LoadedDocument>,
): { list: string; checkpoint: string } | null {
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
