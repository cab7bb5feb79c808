/** Conditional writes: of one whose answer was lost, a repeated request meets what the first has written. */

import { digestOf } from "./digest.js";
import { openDocument } from "./read-document.js";
import { TransferError } from "./requests.js";
import { chunksOf } from "./streams.js";

/**
 * Writes a document as `StorageClient.put` does, under a condition that holds as far as the caller has seen. If a repeated
 * request is refused because the document is the one that is written, an earlier one has written it: that is no conflict.
 * @param {import("./storage.js").StorageClient} storage
 * @param {string} path
 * @param {import("./storage.js").ReplayableBody & {digest: () => Promise<string>}} body
 * @param {{type: string, ifMatch: string | null}} options as of `StorageClient.put`
 */
export async function putConditionally(storage, path, body, options) {
  try {
    return await storage.put(path, body, options);
  } catch (error) {
    const isRepeatedConflict =
      error instanceof TransferError && error.code === "conflict" && error.isRepeated;
    const stored = isRepeatedConflict ? await openDocument(storage, path) : null;
    if (stored === null) throw error;
    const mayBeOurs = stored.length === null || stored.length === body.length;
    if (!mayBeOurs) {
      await stored.body.cancel();
      throw error;
    }
    const { digest } = await digestOf(chunksOf(stored.body));
    const isOurs =
      digest === (await body.digest()) && essence(stored.type) === essence(options.type);
    if (!isOurs) throw error;
    return { etag: stored.etag, isNew: options.ifMatch === null };
  }
}

/** A content type without its parameters, which some servers add. @param {string} type */
const essence = (type) => type.split(";", 1)[0]?.trim().toLowerCase();
