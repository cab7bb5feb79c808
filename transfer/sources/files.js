/** Plain files: a document each, at the same path, with the type of its name. */

import mime from "mime";
import { isDocumentPath, refuseDocument } from "./parse.js";

/** What systems add to folders and archives. */
const SYSTEM_FILES = /^__MACOSX\/|(?:^|\/)(?:\.DS_Store|Thumbs\.db|desktop\.ini)$/;

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @returns {AsyncGenerator<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
export async function* readFiles(tree) {
  for (let index = 0; index < tree.size; index++) {
    const file = await tree.fileAt(index);
    const { name } = file;
    yield "refusal" in file ? { path: name, refusal: file.refusal } : plainDocument(file, name);
  }
}

/**
 * @param {import("./file-tree.js").TreeFile} file
 * @param {string} name relative to the root of the storage
 * @returns {import("./source.js").SourceDocument | import("./source.js").RefusedDocument}
 */
export function plainDocument({ length, modified, open }, name) {
  const path = `/${name}`;
  if (SYSTEM_FILES.test(name))
    return refuseDocument(name, "system-file", "systems make such files");
  if (!isDocumentPath(path))
    return refuseDocument(name, "bad-name", "no document can have its name");
  const type = mime.getType(name) ?? "application/octet-stream";
  return { path, type, isTypeGuessed: true, length, modified, etag: null, digest: null, open };
}
