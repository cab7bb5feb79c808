/** Streams of other servers that must not be longer than they may. */

import { TransferError } from "../../transfer/requests.js";

/** The same stream. It fails with `too-large` as soon as it has more than `maxBytes`; `count`: what has passed. */
export function limitLength(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  count: { bytes: number } = { bytes: 0 },
): ReadableStream<Uint8Array> {
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      count.bytes += chunk.byteLength;
      if (count.bytes > maxBytes) {
        throw new TransferError("too-large", `There are more than ${maxBytes} bytes.`);
      }
      controller.enqueue(chunk);
    },
  });
  return stream.pipeThrough(limit);
}

/**
 * The same stream of JSON. It fails with `too-large` if it has more than `maxBytes`, or more than `maxValues`
 * commas: many short values take far more memory than their bytes.
 */
export function limitJson(
  stream: ReadableStream<Uint8Array>,
  maxBytes: number,
  maxValues: number,
): ReadableStream<Uint8Array> {
  let commas = 0;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      for (const byte of chunk) if (byte === COMMA) commas++;
      if (commas > maxValues) {
        throw new TransferError("too-large", `There are more than ${maxValues} values.`);
      }
      controller.enqueue(chunk);
    },
  });
  return limitLength(stream, maxBytes).pipeThrough(limit);
}

const COMMA = ",".charCodeAt(0);
