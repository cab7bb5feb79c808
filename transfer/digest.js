/**
 * SHA-256 of streams, which the Web Crypto API only has for bytes in memory. In a Worker there is an extension of it for
 * streams, which takes a fraction of the CPU.
 */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/**
 * Counts and digests what passes. `digest` may be called when all has.
 * @param {AsyncIterable<Uint8Array>} chunks
 */
export function digesting(chunks) {
  const hash = createHash();
  let length = 0;
  async function* pass() {
    for await (const chunk of chunks) {
      await hash.update(chunk);
      length += chunk.byteLength;
      yield chunk;
    }
  }
  return { chunks: pass(), finish: async () => ({ digest: await hash.digest(), length }) };
}

/** @returns {{update: (bytes: Uint8Array) => Promise<void> | void, digest: () => Promise<string> | string}} */
function createHash() {
  const { DigestStream } = /** @type {any} */ (crypto);
  if (DigestStream === undefined) {
    const hash = sha256.create();
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => bytesToHex(hash.digest()),
    };
  }
  const stream = new DigestStream("SHA-256");
  const writer = stream.getWriter();
  return {
    update: (bytes) => writer.write(bytes),
    digest: async () => {
      await writer.close();
      return bytesToHex(new Uint8Array(await stream.digest));
    },
  };
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
