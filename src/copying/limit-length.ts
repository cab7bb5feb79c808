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
