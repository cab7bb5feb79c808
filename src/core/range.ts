/** The Range header of a GET: RFC 9110 §14 (the draft's [RANGE]). */

import parse from "range-parser";
import { done, type Outcome, refused } from "./refusals";

/** Bytes `offset` to `offset + length - 1`; `length` is at least 1. */
export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * The part of a document of `size` bytes that is asked for, or null for the whole: no header, a
 * unit other than bytes, a malformed header (RFC 9110 §14.2: "MAY ignore") and several ranges at
 * once. Refuses with `range-not-satisfiable` (416).
 */
export function parseRange(header: string | null, size: number): Outcome<ByteRange | null> {
  if (header === null || !/^bytes=/i.test(header)) return done(null);
  const ranges = parse(size, header.toLowerCase());
  if (ranges === -1) {
    const message = `The document has ${size} bytes, and none of them is in that range.`;
    return refused({ code: "range-not-satisfiable", message, length: size });
  }
  if (ranges === -2 || ranges.length !== 1) return done(null);
  const { start, end } = ranges[0] as { start: number; end: number };
  return done({ offset: start, length: end - start + 1 });
}
