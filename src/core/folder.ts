/** Folder descriptions in JSON-LD: §4. */

import { FOLDER_JSONLD_CONTEXT } from "./spec";

/** An item of a folder. `name` is decoded; a folder's ends with "/" and its `type` is null. */
export interface FolderItem {
  name: string;
  version: string;
  type: string | null;
  /** Bytes. */
  length: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** A time as an HTTP-date (RFC 9110 §5.6.7). §4: "The last-modified date MUST be formatted as HTTP-date" */
export const formatHttpDate = (milliseconds: number): string =>
  new Date(milliseconds).toUTCString();

/** The JSON-LD text of a folder's description: a start, its items with commas between them, an end. */
export const formatFolderDescription = (items: FolderItem[]): string =>
  FOLDER_DESCRIPTION_START + formatFolderItems(items) + FOLDER_DESCRIPTION_END;

export const FOLDER_DESCRIPTION_START = `{"@context":${JSON.stringify(FOLDER_JSONLD_CONTEXT)},"items":{`;

export const FOLDER_DESCRIPTION_END = "}}";

/**
 * Items as members of a JSON object. The text is put together by hand: Object.fromEntries would lose an
 * item called "__proto__" and the order of items called "1", "2", and of thousands of items most have the
 * type, and many the second, of the one before.
 */
export function formatFolderItems(items: FolderItem[]): string {
  const typeJson = memoizeLast((type: string) => JSON.stringify(type));
  const httpDate = memoizeLast((second: number) => formatHttpDate(second * 1000));
  let text = "";
  for (const { name, version, type, length, modified } of items) {
    if (text !== "") text += ",";
    // §4: "ETags in folder descriptions MUST omit the double quotes"
    text += `${JSON.stringify(name)}:{"ETag":${JSON.stringify(version)}`;
    if (type !== null) {
      const date = httpDate(Math.floor(modified / 1000));
      text += `,"Content-Type":${typeJson(type)},"Content-Length":${length},"Last-Modified":"${date}"`;
    }
    text += "}";
  }
  return text;
}

/** A function that remembers its last argument and result. */
function memoizeLast<Argument, Result>(compute: (argument: Argument) => Result) {
  let last: { argument: Argument; result: Result } | null = null;
  return (argument: Argument): Result => {
    if (last === null || last.argument !== argument) last = { argument, result: compute(argument) };
    return last.result;
  };
}
