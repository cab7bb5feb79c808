/** Range requests: RFC 9110 §14 (the draft's [RANGE]). */

import { type Outcome, ok, refused } from "./refusals";

/** Bytes `offset` to `offset + length - 1`; `length` is at least 1. */
export interface ByteRange {
  offset: number;
  length: number;
}

/**
 * Parses the Range header for a document of `size` bytes. Null means the whole document: no header, a
 * unit other than bytes, a malformed header (RFC 9110 §14.2: "MAY ignore") or several ranges. Refuses
 * with `range-not-satisfiable` (416) a range that has no byte of the document.
 */
export function parseRange(header: string | null, size: number): Outcome<ByteRange | null> {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return ok(null);
  // RFC 9110 §14.1.2: without a first position, the last one is the number of bytes at the end.
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return ok(null);
  if (start <= end) return ok({ offset: start, length: end - start + 1 });
  const message = `The range is outside the document, which has ${size} bytes.`;
  return refused({ code: "range-not-satisfiable", message, length: size });
}

/** The value of Content-Range for a range of a document of `size` bytes. */
export const formatContentRange = ({ offset, length }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`;
