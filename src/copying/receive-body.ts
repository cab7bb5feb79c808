/** The body of a document of another server, as `putDocument` takes it. */

import { TransferError } from "../../transfer/requests.js";
import { withTimeout } from "../platform/retry";
import { limitLength } from "./limit-length";
import type { OpenedDocument } from "./old-server";

/** A body that is being received. */
export interface ReceivedBody {
  /** A stream of bytes. It fails if there are more or fewer of them than `length` says. */
  stream: ReadableStream<Uint8Array>;
  length: number | null;
  received(): number;
  /** Stops receiving. Returns why the body has failed; null: it has not. */
  end(): Promise<unknown>;
}

/** What a stopped stream may take to notice it. */
const END_MS = 1000;

/** Receives a body: exactly `length` bytes, or, if that is null, at most `maxBytes`. */
export function receiveBody(
  { body }: OpenedDocument,
  length: number | null,
  maxBytes: number,
): ReceivedBody {
  const count = { bytes: 0 };
  const source =
    length === null ? limitLength(body, maxBytes, count) : body.pipeThrough(exactly(length));
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(length);
  const stop = new AbortController();
  let failure: unknown = null;
  const piped = source.pipeTo(writable, { signal: stop.signal }).catch((error) => {
    if (!stop.signal.aborted) failure = error;
  });
  return {
    stream: readable,
    length,
    received: () => length ?? count.bytes,
    end: async () => {
      // A failure of the source is known before the one that it causes, or in the same turn.
      await scheduler.wait(0);
      stop.abort();
      // A chunk that nobody will read would hold up the end.
      if (!readable.locked) await readable.cancel().catch(() => {});
      await withTimeout(piped, END_MS).catch(() => {});
      return failure;
    },
  };
}

/**
 * Passes on exactly `length` bytes. The last chunk is held back until the end has arrived, so that nobody takes
 * the beginning of a longer body for a whole one.
 */
function exactly(length: number): TransformStream<Uint8Array, Uint8Array> {
  let received = 0;
  let held: Uint8Array | null = null;
  const check = (isRight: boolean) => {
    if (!isRight) throw new TransferError("damaged", `There are not ${length} bytes.`);
  };
  return new TransformStream({
    transform(chunk, controller) {
      received += chunk.byteLength;
      check(received <= length);
      if (held) controller.enqueue(held);
      held = chunk;
    },
    flush(controller) {
      check(received === length);
      if (held) controller.enqueue(held);
    },
  });
}
