/** Streams and chunks of bytes, on platforms that know only one or the other. */

import { TransferError } from "./requests.js";

/**
 * The chunks of a stream. Browsers cannot iterate over streams yet.
 * @param {ReadableStream<Uint8Array>} stream
 * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>>}
 */
export async function* chunksOf(stream) {
  const reader = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (stream).getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isDone = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isDone) await reader.cancel().catch(() => {});
  }
}

/**
 * A stream of chunks, each made when it is read.
 * @param {AsyncGenerator<Uint8Array>} chunks
 * @returns {ReadableStream<Uint8Array>}
 */
export const streamOf = (chunks) =>
  new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void (await chunks.return(undefined)),
  });

/**
 * Reads a stream into memory. Throws `too-large` above `maxBytes`.
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} maxBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function readBytes(stream, maxBytes) {
  const chunks = [];
  let length = 0;
  for await (const chunk of stream === null ? [] : chunksOf(stream)) {
    length += chunk.byteLength;
    if (length > maxBytes) {
      throw new TransferError("too-large", `There are more than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  return joinBytes(chunks);
}

/** @param {Uint8Array[]} chunks @returns {Uint8Array<ArrayBuffer>} */
export function joinBytes(chunks) {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/**
 * The lines of a text in UTF-8. Throws `malformed` if one is longer than `maxLength` characters.
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} maxLength
 * @returns {AsyncGenerator<string>}
 */
export async function* linesOf(stream, maxLength) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunksOf(stream)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = /** @type {string} */ (lines.pop());
    if (rest.length > maxLength) throw new TransferError("malformed", "A line is too long.");
    yield* lines;
  }
  if (rest !== "") yield rest;
}
