/** Turns what two storages return into values that can be compared. */

import type { BulkWriteRow } from "rxdb/plugins/core";
import { withoutBlobs } from "./network";
import type { RandomDocument, RandomStoredDocument } from "./random-documents";

export type Row = BulkWriteRow<RandomDocument>;

/** What a call returned, or the error it threw. */
export type CallResult = { value: unknown } | { error: string };

export const resultOf = async (call: () => Promise<unknown>): Promise<CallResult> => {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: String(error) };
  }
};

/** The value after it was sent as JSON. */
export const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? "null");

/** The beginning of a value as JSON, for a message. */
export const toText = (value: unknown): string => JSON.stringify(value)?.slice(0, 4000);

/** A deep copy that shares only Blobs, which are immutable. */
export function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (typeof value !== "object" || value === null || value instanceof Blob) return value;
  const result = {};
  for (const [name, item] of Object.entries(value)) {
    Object.defineProperty(result, name, {
      value: copy(item),
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return result as T;
}

/** A copy with base64 in place of Blobs. */
export async function withBase64(value: unknown): Promise<unknown> {
  const blobs: Promise<void>[] = [];
  const plain = withoutBlobs(value, blobs);
  await Promise.all(blobs);
  return plain;
}

/** The document without the bytes of its attachments. */
export function withoutAttachmentData<T extends { _attachments?: object }>(document: T): T {
  if (!document?._attachments) return document;
  const stubs = Object.entries(document._attachments).map(([name, attachment]) => {
    const { data: _, ...stub } = attachment as RandomDocument;
    return [name, stub];
  });
  return { ...document, _attachments: Object.fromEntries(stubs) };
}

/** The event without the bytes of attachments. */
export const eventWithoutAttachmentData = (event: RandomDocument): RandomDocument => ({
  ...event,
  documentData: withoutAttachmentData(event.documentData as RandomStoredDocument),
  previousDocumentData: withoutAttachmentData(event.previousDocumentData as RandomStoredDocument),
});

/** The errors of rows, without the bytes that the client itself has sent. */
export const comparableErrors = (errors: object[]): object[] =>
  errors.map((error) => {
    const { writeRow, ...rest } = error as { writeRow: Row };
    return {
      ...rest,
      id: writeRow.document.id,
      document: withoutAttachmentData(writeRow.document as RandomStoredDocument),
      previous:
        writeRow.previous && withoutAttachmentData(writeRow.previous as RandomStoredDocument),
    };
  });
