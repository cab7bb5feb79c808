/**
 * Documents as an archive has them (`docs/archive.md`), read by the server itself. Only a chunk of one document is in
 * memory at a time.
 */

import type { ArchivedChange, ArchivedDocument } from "../../../transfer/archive/write.js";
import { streamOf } from "../../../transfer/streams.js";
import type { Env } from "../../env";
import { listedPath } from "../browse";
import type { DocumentListing } from "../db/export";
import { openListed, wholeChunks, withFailureLog } from "./export";

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
