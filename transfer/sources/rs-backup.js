/** A backup of rs-backup: a file for each document, and in each folder the listing of the server. */

import { FOLDER_DESCRIPTION, possibleNames } from "../archive/names.js";
import { parseListing } from "../listing.js";
import { Marks } from "./file-tree.js";
import { plainDocument } from "./files.js";
import { isContentType, isDocumentPath, readText, refuseDocument } from "./parse.js";
import { asSystemFile, isSystemName } from "./system-files.js";

/** @typedef {import("./file-tree.js").FileTree} FileTree */
/** @typedef {import("./source.js").SourceDocument} SourceDocument */
/** @typedef {import("./source.js").RefusedDocument} RefusedDocument */
/** @typedef {import("./source.js").SourceItem} SourceItem */

/**
 * Finds the folder of a backup: where the first listing is. Null if there is none in the root or the
 * only folder of it.
 * @param {FileTree} tree
 * @returns {string | null} such as "" or "backup/"
 */
export function findBackup(tree) {
  if (tree.indexOf(FOLDER_DESCRIPTION) !== -1) return "";
  /** @type {string | null} */
  let base = null;
  for (let index = 0; index < tree.size; index++) {
    const name = tree.nameAt(index);
    if (tree.refusalAt(index) !== null || isSystemName(name)) continue;
    base ??= name.slice(0, name.indexOf("/") + 1);
    if (base === "" || !name.startsWith(base)) return null;
  }
  return base !== null && tree.indexOf(base + FOLDER_DESCRIPTION) !== -1 ? base : null;
}

/**
 * Reads a backup, or the documents of an unzipped archive. A file that is in no listing has the type of
 * its name.
 * @param {FileTree} tree
 * @param {string} base
 * @returns {AsyncGenerator<SourceItem>}
 */
export async function* readBackup(tree, base) {
  const read = new Marks(tree);
  yield* readFolder(tree, read, base, "/");
  for (const index of read.rest()) {
    const name = tree.nameAt(index);
    if (isDescription(name) && tree.refusalAt(index) === null) continue;
    const file = await tree.fileAt(index);
    const path = name.startsWith(base) ? name.slice(base.length) : name;
    yield (await asSystemFile(file)) ?? plainDocument(file, path);
  }
}

/**
 * Reads what the listing of a folder says.
 * @param {FileTree} tree
 * @param {Marks} read
 * @param {string} folder in the tree
 * @param {string} path of the folder in the storage
 * @returns {AsyncGenerator<SourceDocument | RefusedDocument>}
 */
async function* readFolder(tree, read, folder, path) {
  const name = folder + FOLDER_DESCRIPTION;
  const description = tree.indexOf(name);
  if (!read.add(description)) return;
  const file = await tree.fileAt(description);
  if ("refusal" in file) {
    yield { path: name, refusal: file.refusal };
    return;
  }
  const items = parseListing(await readText(file));
  if (items === null) yield refuseDocument(name, "malformed", "it is no listing of a folder");
  for (const item of items ?? []) {
    const names = [item.name, ...possibleNames(item.name, item.isFolder ? "/" : "")];
    for (const own of names.map((one) => folder + one)) {
      if (item.isFolder) yield* readFolder(tree, read, `${own}/`, `${path}${item.name}/`);
      else {
        const index = tree.indexOf(own);
        if (read.add(index)) yield readListed(await tree.fileAt(index), path + item.name, item);
      }
    }
  }
}

/** @param {string} name */
const isDescription = (name) =>
  name === FOLDER_DESCRIPTION || name.endsWith(`/${FOLDER_DESCRIPTION}`);

/**
 * @param {import("./file-tree.js").TreeFile | import("./file-tree.js").RefusedFile} file
 * @param {string} path
 * @param {import("../listing.js").FolderItem} item
 * @returns {SourceDocument | RefusedDocument}
 */
function readListed(file, path, { type, etag, modified }) {
  const { name } = file;
  if ("refusal" in file) return { path: name, refusal: file.refusal };
  if (!isDocumentPath(path))
    return refuseDocument(name, "bad-name", "no document can have its name");
  const { length, open } = file;
  const guess = plainDocument({ name, length, open, modified }, path.slice(1));
  if (!isContentType(type)) return guess;
  return { path, type, isTypeGuessed: false, length, modified, etag, digest: null, open };
}
