/** The size limits of frames. What a frame costs to parse is known and counted before it is parsed. Pure. */

import { Buffer } from "node:buffer";
import type { SocketRefusal } from "../refusals";
import { type Envelope, peekEnvelope } from "./frames";

/** The largest message that the platform accepts. */
export const MAX_FRAME_COST_BYTES = 32 * 1024 * 1024;

/** Frames of other methods than `LARGE_METHODS` have up to so many bytes. */
const MAX_SMALL_FRAME_BYTES = 1024 * 1024;

/** They carry documents and attachments, thousands of long ids, and what the operator wants. */
const LARGE_METHODS = ["bulkWrite", "findDocumentsById", "custom"];

/** What a JSON value takes in memory, and in time to parse it, in bytes of text. */
const VALUE_COST_BYTES = 64;

/** What a frame costs, or why it is refused without having been parsed. */
type FrameCost = { ok: true; costBytes: number } | { ok: false; refusal: SocketRefusal };

/** The length of a text in UTF-8. */
export const byteLength = (text: string): number => Buffer.byteLength(text);

/**
 * Computes what a frame costs beyond its bytes: a text of brackets takes a hundred times as long to parse
 * as an attachment of the same size. Refuses with `too-large`.
 */
export function valueCost(text: string, bytes: number): FrameCost {
  const isSmall = bytes <= MAX_SMALL_FRAME_BYTES;
  if (!isSmall && !isLargeMethod(peekEnvelope(text))) return TOO_LARGE;
  const maxValues = (MAX_FRAME_COST_BYTES - bytes) / VALUE_COST_BYTES;
  const values = countValues(text, maxValues);
  if (values > maxValues) return TOO_LARGE;
  return { ok: true, costBytes: values * VALUE_COST_BYTES };
}

/** What a JSON text takes in memory once it is parsed, in bytes, about. */
export const parsedCost = (json: string): number =>
  json.length + countValues(json, Number.POSITIVE_INFINITY) * VALUE_COST_BYTES;

/** Whether a frame of this method may have more than `MAX_SMALL_FRAME_BYTES`. */
const isLargeMethod = (envelope: Envelope | null): boolean =>
  envelope !== null && LARGE_METHODS.includes(envelope.method);

/**
 * Counts commas and opening brackets: at least as many as the JSON has values, but for names. Stops when
 * there are more than `max`.
 */
function countValues(text: string, max: number): number {
  let count = 0;
  for (let at = 0; at < text.length && count <= max; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x2c || unit === 0x5b || unit === 0x7b) count++;
  }
  return count;
}

const TOO_LARGE: FrameCost = {
  ok: false,
  refusal: {
    code: "too-large",
    message:
      "The message is too large: writes may have 32 MiB, less with many small values, others 1 MiB.",
  },
};
