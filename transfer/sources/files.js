/** Plain files: a document each, at the same path, with the type of its name. */

import mime from "mime";
import { isDocumentPath, refuseDocument } from "./parse.js";
import { asSystemFile } from "./system-files.js";

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @returns {AsyncGenerator<import("./source.js").SourceItem>}
 */
export async function* readFiles(tree) {
  for (let index = 0; index < tree.size; index++) {
    const file = await tree.fileAt(index);
    yield (await asSystemFile(file)) ?? plainDocument(file, file.name);
  }
}

/**
 * @param {import("./file-tree.js").TreeFile | import("./file-tree.js").RefusedFile} file
 * @param {string} name relative to the root of the storage
 * @returns {import("./source.js").SourceDocument | import("./source.js").RefusedDocument}
 */
export function plainDocument(file, name) {
  if ("refusal" in file) return { path: file.name, refusal: file.refusal };
  const { length, modified, open } = file;
  const path = `/${name}`;
  if (!isDocumentPath(path))
    return refuseDocument(name, "bad-name", "no document can have its name");
  const type = mime.getType(name) ?? "application/octet-stream";
  return { path, type, isTypeGuessed: true, length, modified, etag: null, digest: null, open };
}
