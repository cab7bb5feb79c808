/** Reads documents completely, also when a connection breaks in the middle. */

import { TransferError } from "./requests.js";
import { chunksOf, streamOf } from "./streams.js";

/** How often one document is asked for again. */
const MAX_CONTINUATIONS = 5;

/**
 * A document's facts and its body, which either is complete or fails: with `damaged` if the server sends
 * more or fewer bytes than it says, with `changed` if the connection breaks and the document is another by
 * then, with `unavailable` if it breaks too often. A broken connection is continued, by a range if the server knows ranges.
 * Null if there is no document.
 * @param {import("./storage.js").StorageClient} storage
 * @param {string} path
 * @param {{from?: number, ifMatch?: string}} [options] as of `StorageClient.get`
 */
export async function openDocument(storage, path, options = {}) {
  const opened = await storage.get(path, options);
  if (opened === null) return null;
  const from = opened.isPart ? (options.from ?? 0) : 0;
  return { ...opened, body: streamOf(continued(storage, path, opened, from)) };
}

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {string} path
 * @param {import("./storage.js").StoredDocument & {isPart: boolean}} first
 * @param {number} from its first byte
 * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>, undefined>}
 */
async function* continued(storage, path, first, from) {
  const { etag } = first;
  const length = first.length === null ? null : from + first.length;
  let received = from;
  let { body, isPart } = first;
  for (let attempt = 0; ; attempt++) {
    // Without ranges the server sends again what is here already.
    let known = isPart ? 0 : received;
    try {
      for await (const chunk of chunksOf(body)) {
        const fresh = chunk.subarray(Math.min(known, chunk.byteLength));
        known -= chunk.byteLength - fresh.byteLength;
        received += fresh.byteLength;
        if (fresh.byteLength > 0) yield fresh;
      }
      if (length === null || received === length) return;
      throw new TransferError("damaged", `${path}: ${received} of ${length} bytes arrived.`);
    } catch (error) {
      storage.network.signal?.throwIfAborted();
      const isTooLong = length !== null && received > length;
      if (isTooLong) throw error;
      if (attempt === MAX_CONTINUATIONS) throw broken(path, error);
    }
    const next = await storage.get(path, { from: received, ifMatch: etag });
    if (next?.etag !== etag) {
      await next?.body.cancel();
      throw new TransferError("changed", `${path} was changed while it was read.`);
    }
    ({ body, isPart } = next);
  }
}

/** @param {string} path @param {unknown} error the last one */
const broken = (path, error) =>
  error instanceof TransferError
    ? error
    : new TransferError("unavailable", `${path}: the connection breaks again and again.`, {
        cause: error,
      });
