/**
 * Documents as an archive has them (`docs/archive.md`), read by the server itself. Only a chunk of one document is in
 * memory at a time.
 */

import type { ArchivedChange, ArchivedDocument } from "../../../transfer/archive/write.js";
import { streamOf } from "../../../transfer/streams.js";
import type { Env } from "../../env";
import { listedPath } from "../browse";
import type { DocumentListing } from "../db/export";
import { openListed, withFailureLog } from "./export";

/** A body is read in chunks of so many bytes: each costs the CPU some microseconds. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads listed documents, folder by folder. Each is the version that was listed, even if it was replaced meanwhile; only if
 * that is deleted by now, the newer one, or none: then a change says so. The stream of a document fails if it is
 * not complete.
 */
export async function* readListedDocuments(
  env: Env,
  account: string,
  documents: DocumentListing[],
): AsyncGenerator<ArchivedDocument | ArchivedChange> {
  for (const listed of documents.toSorted(byFolder)) {
    const path = listedPath(listed);
    const opened = await openListed(env, account, listed);
    if (opened !== null) {
      const { document, body } = opened;
      const { type, version: etag, modified } = document;
      const bytes = streamOf(withFailureLog(wholeChunks(body, document.length)));
      yield { kind: "document", path, type, etag, modified, body: bytes };
    }
    const archived = opened?.document.version ?? null;
    if (archived !== listed.version) {
      yield { kind: "change", path, listed: listed.version, archived };
    }
  }
}

/** The index may have long paths in another order than the folders that they are in. */
const byFolder = (a: DocumentListing, b: DocumentListing): number =>
  compare(a.parent, b.parent) || compare(a.name, b.name);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The bytes of a body in large chunks. Fails if they are not as many as `length`. */
async function* wholeChunks(
  body: ReadableStream<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  let received = 0;
  let isDone = false;
  try {
    while (!isDone) {
      const bytes = Math.min(CHUNK_BYTES, length - received + 1);
      const { value, done } = await reader.readAtLeast(bytes, new Uint8Array(bytes));
      received += value?.byteLength ?? 0;
      isDone = done || (value?.byteLength ?? 0) < bytes;
      if (received > length) break;
      if (value && value.byteLength > 0) yield value;
    }
  } finally {
    if (!isDone) await reader.cancel().catch(() => {});
  }
  if (received !== length) throw new Error("A body does not have the length that the index says.");
}
