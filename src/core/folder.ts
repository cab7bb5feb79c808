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

/** The JSON-LD text of a folder's description. */
export function formatFolderDescription(items: FolderItem[]): string {
  const described = items.map(({ name, version, type, length, modified }) => [
    name,
    type === null
      ? { ETag: version }
      : {
          // §4: "ETags in folder descriptions MUST omit the double quotes"
          ETag: version,
          "Content-Type": type,
          "Content-Length": length,
          "Last-Modified": formatHttpDate(modified),
        },
  ]);
  return `{"@context":${JSON.stringify(FOLDER_JSONLD_CONTEXT)},"items":${jsonObject(described)}}`;
}

/**
 * A JSON object from entries. Object.fromEntries would lose an item called "__proto__" and the order
 * of items called "1", "2".
 */
const jsonObject = (entries: unknown[][]): string =>
  `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
