/** The documents of another storage: the source of a move. */

import { batchReaderOf } from "../batch.js";
import { openDocument } from "../read-document.js";
import { TransferError } from "../requests.js";
import { chunksOf, streamOf } from "../streams.js";
import { walk } from "../walk.js";
import { isContentType, isDocumentPath, refuseDocument } from "./parse.js";

/**
 * Lists all documents below folders. Each is read when it is opened.
 * @param {import("../storage.js").StorageClient} storage
 * @param {string[]} folders
 * @returns {AsyncGenerator<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
export async function* readDocuments(storage, folders) {
  const batch = batchReaderOf(storage);
  for await (const step of walk(storage, folders)) {
    if (step.kind === "failure") yield { path: step.path, refusal: step.error };
    if (step.kind === "document") yield await toDocument(storage, batch, step);
  }
}

/**
 * @param {import("../storage.js").StorageClient} storage
 * @param {import("../batch.js").BatchReader | null} batch
 * @param {import("../walk.js").DocumentStep} step
 * @returns {Promise<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
async function toDocument(storage, batch, { path, item }) {
  // Listings of the first drafts have no types and lengths.
  const isComplete = item.type !== null && item.length !== null;
  const facts = isComplete ? item : await storage.head(path).catch(() => null);
  if (!isDocumentPath(path) || !isContentType(facts?.type)) {
    return refuseDocument(path, "malformed", "the server does not say what it is");
  }
  const { type, length, etag, modified } = facts;
  const open = () => openListed(storage, path, { length, etag });
  const known = { path, type, isTypeGuessed: false, length, modified, etag };
  return { ...known, digest: null, canStream: true, batch, open };
}

/**
 * Opens the version that was listed. Refuses with `changed` if there is another by now; the stream fails
 * with `damaged` as soon as it is longer than was listed, or if it is shorter.
 * @param {import("../storage.js").StorageClient} storage
 * @param {string} path
 * @param {{length: number | null, etag: string}} listed
 */
async function openListed(storage, path, { length, etag }) {
  const opened = await openDocument(storage, path);
  if (opened === null) throw new TransferError("not-found", `${path} was deleted meanwhile.`);
  if (opened.etag !== etag) {
    await opened.body.cancel();
    throw new TransferError("changed", `${path} was changed meanwhile. Move again.`);
  }
  return length === null ? opened.body : streamOf(withLength(opened.body, path, length));
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {string} path
 * @param {number} length
 */
async function* withLength(body, path, length) {
  let missing = length;
  for await (const chunk of chunksOf(body)) {
    missing -= chunk.byteLength;
    if (missing < 0) break;
    yield chunk;
  }
  if (missing !== 0) {
    throw new TransferError("damaged", `${path} does not have the length that the server listed.`);
  }
}
