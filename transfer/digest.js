/** SHA-256 of streams, which the Web Crypto API only has for bytes in memory. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/**
 * Counts and digests what passes. `digest` may be called when all has.
 * @param {AsyncIterable<Uint8Array>} chunks
 */
export function digesting(chunks) {
  const hash = sha256.create();
  let length = 0;
  async function* pass() {
    for await (const chunk of chunks) {
      hash.update(chunk);
      length += chunk.byteLength;
      yield chunk;
    }
  }
  return { chunks: pass(), finish: () => ({ digest: bytesToHex(hash.digest()), length }) };
}

/**
 * Reads chunks to their end.
 * @param {AsyncIterable<Uint8Array>} chunks
 * @returns {Promise<{digest: string, length: number}>}
 */
export async function digestOf(chunks) {
  const hash = sha256.create();
  let length = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    length += chunk.byteLength;
  }
  return { digest: bytesToHex(hash.digest()), length };
}

/** @param {Uint8Array} bytes */
export const digestBytes = (bytes) => bytesToHex(sha256(bytes));
