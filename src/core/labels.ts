/** Labels of R2 objects: text in their metadata, which are HTTP headers. */

import { Buffer } from "node:buffer";

const ENCODED_PREFIX = "=?UTF-8?B?";
const ENCODED_SUFFIX = "?=";

/**
 * Printable ASCII without spaces at its ends, and without what JSON escapes: R2 lists metadata as
 * JSON, and a list of more than a mebibyte fails.
 */
const PLAIN_PATTERN = /^(?!=\?)(?! )[ !#-[\]-~]*(?<! )$/;

/**
 * Encodes text so that every S3 tool keeps it: as it is where that is safe, otherwise as an encoded
 * word of RFC 2047, the form that S3 itself uses. At most a third longer than the text in UTF-8, and
 * twelve characters.
 */
export function encodeLabel(text: string): string {
  if (PLAIN_PATTERN.test(text)) return text;
  return ENCODED_PREFIX + Buffer.from(text).toString("base64") + ENCODED_SUFFIX;
}

/**
 * When a document was last modified where it was imported from, milliseconds since 1970, as a request or a label says
 * it: "2026-11-29T12:00:00.000Z". Null if it is none, or nonsense: it is only shown.
 */
export function parseOriginalTime(text: string | null | undefined): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/.test(text ?? "")) return null;
  const time = Date.parse(text as string);
  return time >= 0 ? time : null;
}

/** The text of a label, also of one that was stored as it was, before labels were encoded. */
export function decodeLabel(label: string): string {
  if (!label.startsWith(ENCODED_PREFIX) || !label.endsWith(ENCODED_SUFFIX)) return label;
  const base64 = label.slice(ENCODED_PREFIX.length, -ENCODED_SUFFIX.length);
  return Buffer.from(base64, "base64").toString();
}
