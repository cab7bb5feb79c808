/** The text of a document: reading its beginning, and changing it as a whole. */

import type { NodePath } from "../core/path";
import type { Env } from "../env";
import { type DocumentRow, openDocument } from "../storage/documents";
import { isTextType } from "./content-kind";

/** Shown, and edited, at most. */
export const MAX_TEXT_BYTES = 256 * 1024;

/** The beginning of a document as text. */
export interface TextContent {
  text: string;
  /** Whether it is all of it. */
  isWhole: boolean;
  /** The same text for a form; null: it would not come back from the form byte for byte. */
  editable: EditableText | null;
}

/** How the lines of a text end. */
export type LineBreak = "\n" | "\r\n" | "\r";

/** A text that a form can change. */
export interface EditableText {
  /** With "\n" at the end of each line, as forms have it. */
  text: string;
  lineBreak: LineBreak;
}

/** Reads the beginning of a version. Returns null if R2 no longer has it. */
export async function readTextContent(
  env: Env,
  row: DocumentRow,
  node: NodePath,
): Promise<TextContent | null> {
  const length = Math.min(row.length, MAX_TEXT_BYTES);
  const isWhole = length === row.length;
  const range = isWhole ? null : { offset: 0, length };
  const body = await openDocument(env, row, node, range);
  if (body === null) return null;
  const bytes = await new Response(body).arrayBuffer();
  const editable = isWhole ? parseEditableText(bytes, row.type) : null;
  return { text: decodeText(bytes, row.type, isWhole), isWhole, editable };
}

/** Decodes text for people: whatever is no text becomes "\ufffd". */
function decodeText(bytes: ArrayBuffer, type: string, isWhole: boolean): string {
  // A character that the bound has cut is left out.
  return decoderFor(charsetOf(type)).decode(bytes, { stream: !isWhole });
}

/** The charset of a Content-Type, in lower case; UTF-8 if it names none. */
const charsetOf = (type: string): string =>
  /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type)?.[1]?.toLowerCase() ?? "utf-8";

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder(); // not a charset, such as "binary"
  }
}

const UTF_8 = /^(?:utf-?8|us-ascii|binary)$/;

/**
 * Parses a text for a form. Returns null for what is not text, or what a form would change: other
 * encodings than UTF-8, null characters, and lines that do not all end alike.
 */
export function parseEditableText(bytes: ArrayBuffer, type: string): EditableText | null {
  if (!isTextType(type) || !UTF_8.test(charsetOf(type))) return null;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null; // not UTF-8
  }
  const lineBreaks = new Set(text.match(/\r\n|\r|\n/g));
  const [lineBreak = "\n"] = lineBreaks as Set<LineBreak>;
  if (lineBreaks.size > 1 || text.includes("\0")) return null;
  return { text: text.replaceAll(lineBreak, "\n"), lineBreak };
}

/** The text of a form as it is stored. Forms send "\r\n" at the end of each line. */
export const formatEditedText = (formText: string, lineBreak: LineBreak): string =>
  formText.replace(/\r\n|\r|\n/g, lineBreak);

/** Names of the line breaks in a form. */
const LINE_BREAK_NAMES: Record<LineBreak, string> = { "\n": "lf", "\r\n": "crlf", "\r": "cr" };

export const lineBreakName = (lineBreak: LineBreak): string => LINE_BREAK_NAMES[lineBreak];

/** The inverse of `lineBreakName`; "\n" for anything else. */
export const parseLineBreakName = (name: string | null): LineBreak =>
  (Object.keys(LINE_BREAK_NAMES) as LineBreak[]).find((key) => LINE_BREAK_NAMES[key] === name) ??
  "\n";
