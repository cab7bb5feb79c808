/** The content of a PUT: its body, length and Content-Type. */

import { parseOriginalTime } from "../core/labels";

import { type Outcome, ok, refused } from "../core/refusals";
import type { PutRequest } from "./documents";
import {
  contentTypeTooLong,
  INVALID_CONTENT_TYPE,
  NO_CONTENT_TYPE,
  PARTIAL_PUT,
  unsupportedCoding,
} from "./refusals";

/** In UTF-8: a Content-Type has to fit into the metadata of an R2 object, together with the path. */
const MAX_CONTENT_TYPE_BYTES = 1024;

/** Satchel's own: an import says when the document was modified where it comes from. Other servers ignore it. */
const ORIGINAL_TIME_HEADER = "Satchel-Original-Time";

/**
 * Parses the content of a PUT. Refuses with `malformed` (400) or `unsupported-coding` (415) what cannot be
 * stored as it is meant. `defaultType`: the Content-Type of a document that comes without one; null: it is
 * refused.
 */
export function parsePutContent(
  { headers, body }: Request,
  defaultType: string | null,
): Outcome<Pick<PutRequest, "body" | "length" | "type" | "originalTime">> {
  if (headers.has("content-range")) return refused(PARTIAL_PUT);
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") return refused(unsupportedCoding(coding));
  const type = headers.get("content-type")?.trim() ? headers.get("content-type") : defaultType;
  // §4: "If no valid Content-Type header was received as part of a PUT request, the server MAY
  // refuse to process the request, and instead respond with a descriptive error message"
  if (type === null) return refused(NO_CONTENT_TYPE);
  // Bytes that were not UTF-8 are lost already, and a control character in a header breaks clients.
  if (/[\p{Cc}\ufffd]/u.test(type.replaceAll("\t", ""))) return refused(INVALID_CONTENT_TYPE);
  if (new TextEncoder().encode(type).byteLength > MAX_CONTENT_TYPE_BYTES) {
    return refused(contentTypeTooLong(MAX_CONTENT_TYPE_BYTES));
  }
  const length = headers.get("content-length");
  const originalTime = parseOriginalTime(headers.get(ORIGINAL_TIME_HEADER));
  return ok({ body, length: length === null ? null : Number(length), type, originalTime });
}
