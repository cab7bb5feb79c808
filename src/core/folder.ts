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
 * Items as members of a JSON object. Object.fromEntries would lose an item called "__proto__" and the
 * order of items called "1", "2".
 */
export const formatFolderItems = (items: FolderItem[]): string =>
  items
    .map((item) => `${JSON.stringify(item.name)}:${JSON.stringify(describeItem(item))}`)
    .join(",");

const describeItem = ({ version, type, length, modified }: FolderItem) =>
  type === null
    ? { ETag: version }
    : {
        // §4: "ETags in folder descriptions MUST omit the double quotes"
        ETag: version,
        "Content-Type": type,
        "Content-Length": length,
        "Last-Modified": formatHttpDate(modified),
      };
