/** A backup of rs-backup: a file for each document, and in each folder the listing of the server. */

import { FOLDER_DESCRIPTION, possibleNames } from "../archive/names.js";
import { parseListing } from "../storage.js";
import { plainDocument } from "./files.js";
import { isContentType, isDocumentPath, readText, refuseDocument } from "./parse.js";

/**
 * Finds the folder of a backup: where the first listing is. Null if there is none in the root or the
 * only folder of it.
 * @param {import("./file-tree.js").FileTree} tree
 * @returns {string | null} such as "" or "backup/"
 */
export function findBackup({ files }) {
  if (files.has(FOLDER_DESCRIPTION)) return "";
  const folders = new Set(Array.from(files.keys(), (name) => name.slice(0, name.indexOf("/") + 1)));
  const [base] = folders;
  const isBackup = folders.size === 1 && files.has(`${base}${FOLDER_DESCRIPTION}`);
  return isBackup ? (base ?? null) : null;
}

/**
 * Reads a backup, or the documents of an unzipped archive. A file that is in no listing has the type of
 * its name.
 * @param {import("./file-tree.js").FileTree} tree
 * @param {string} base
 * @returns {AsyncGenerator<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
export async function* readBackup(tree, base) {
  for (const { name, refusal } of tree.refused) yield { path: name, refusal };
  const unlisted = new Set(tree.files.keys());
  yield* readFolder(tree, unlisted, base, "/");
  for (const name of unlisted) {
    const file = tree.files.get(name);
    if (!file || isDescription(name)) continue;
    yield plainDocument(file, name.startsWith(base) ? name.slice(base.length) : name);
  }
}

/**
 * Reads what the listing of a folder says.
 * @param {import("./file-tree.js").FileTree} tree
 * @param {Set<string>} unlisted loses the files that are read
 * @param {string} folder in the tree
 * @param {string} path of the folder in the storage
 * @returns {AsyncGenerator<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
async function* readFolder(tree, unlisted, folder, path) {
  const name = folder + FOLDER_DESCRIPTION;
  const description = tree.files.get(name);
  if (description === undefined || !unlisted.delete(name)) return;
  const items = parseListing(await readText(description));
  if (items === null) yield refuseDocument(name, "malformed", "it is no listing of a folder");
  for (const item of items ?? []) {
    const names = [item.name, ...possibleNames(item.name, item.isFolder ? "/" : "")];
    for (const own of names.map((one) => folder + one)) {
      if (item.isFolder) yield* readFolder(tree, unlisted, `${own}/`, `${path}${item.name}/`);
      else if (unlisted.delete(own)) yield listedDocument(tree, path + item.name, own, item);
    }
  }
}

/** @param {string} name */
const isDescription = (name) =>
  name === FOLDER_DESCRIPTION || name.endsWith(`/${FOLDER_DESCRIPTION}`);

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @param {string} path
 * @param {string} name
 * @param {import("../storage.js").FolderItem} item
 */
function listedDocument({ files }, path, name, { type, etag, modified }) {
  const { length, open } = /** @type {import("./file-tree.js").TreeFile} */ (files.get(name));
  if (!isDocumentPath(path))
    return refuseDocument(name, "bad-name", "no document can have its name");
  const guess = plainDocument({ name, length, open, modified }, path.slice(1));
  if (!isContentType(type)) return guess;
  return { path, type, isTypeGuessed: false, length, modified, etag, digest: null, open };
}
