/** The export of Satchel before there was the archive: a ZIP with `satchel-export.json`. */

import { TransferError } from "../requests.js";
import { bareETag } from "../storage.js";
import { isContentType, isDocumentPath, isMap, readJson, refuseDocument } from "./parse.js";

const LIST = "satchel-export.json";
/** Documents that were changed or deleted while the export was written. */
const CHANGES = "satchel-export-changes.json";

/** @param {import("./file-tree.js").FileTree} tree */
export const isExport = ({ files }) => files.has(LIST);

/**
 * Reads an export. Refuses with `damaged` one whose list cannot be read.
 * @param {import("./file-tree.js").FileTree} tree
 */
export async function readExport(tree) {
  const listed = await readList(tree, LIST);
  const changes = tree.files.has(CHANGES) ? await readList(tree, CHANGES) : [];
  const byPath = new Map(listed.map((facts) => [facts.path, facts]));
  for (const facts of changes) {
    if (facts.gone === true) byPath.delete(facts.path);
    else byPath.set(facts.path, { ...byPath.get(facts.path), ...facts });
  }
  return readListed(tree, [...byPath.values()]);
}

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @param {string} name
 * @returns {Promise<Record<string, unknown>[]>}
 */
async function readList({ files }, name) {
  const file = files.get(name);
  const list = file === undefined ? undefined : await readJson(file);
  if (isMap(list) && Array.isArray(list.documents)) return list.documents.filter(isMap);
  throw new TransferError("damaged", `${name} is no list of documents.`);
}

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @param {Record<string, unknown>[]} list
 * @returns {AsyncGenerator<import("./source.js").SourceDocument | import("./source.js").RefusedDocument>}
 */
async function* readListed({ files, refused }, list) {
  const unlisted = new Set(files.keys());
  const unread = new Map(refused.map((file) => [file.name, file.refusal]));
  unlisted.delete(LIST);
  unlisted.delete(CHANGES);
  for (const { path, file: name, "Content-Type": type, ETag: etag } of list) {
    if (!isDocumentPath(path) || !isContentType(type)) {
      yield refuseDocument(String(path), "malformed", "the list does not describe a document");
      continue;
    }
    const fileName = typeof name === "string" ? name : path.slice(1);
    const file = files.get(fileName);
    const refusal = unread.get(fileName);
    unread.delete(fileName);
    unlisted.delete(fileName);
    if (file !== undefined) {
      const { length, open } = file;
      const known = typeof etag === "string" ? bareETag(etag) : null;
      yield { path, type, isTypeGuessed: false, length, etag: known, digest: null, open };
    } else if (refusal) yield { path, refusal };
    else yield refuseDocument(path, "missing", "the export lists it but does not contain it");
  }
  for (const [name, refusal] of unread) yield { path: name, refusal };
  for (const name of unlisted)
    yield refuseDocument(name, "unlisted", "the export does not list it");
}
