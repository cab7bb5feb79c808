/** The bytes of the index by which documents count towards the quota. */

import { documentFromPath, formatPath, listAncestors } from "../../src/core/path";
import { rowBytes } from "../../src/storage/db/row-bytes";
import { rowKey } from "../../src/storage/row-keys";

/** The bytes of the rows of documents with these paths and types, and of their folders. */
export function indexBytesOf(
  paths: string[],
  typeOf: (path: string) => string = () => "text/plain",
): number {
  const documents = paths.map(documentFromPath);
  const folders = new Map(
    documents.flatMap(listAncestors).map((folder) => [formatPath(folder), folder]),
  );
  return [
    ...documents.map((document) => rowBytes(rowKey(document), typeOf(formatPath(document)))),
    ...[...folders.values()].map((folder) => rowBytes(rowKey(folder), null)),
  ].reduce((sum, bytes) => sum + bytes, 0);
}
