/** The export of Satchel before there was the archive: a ZIP with `satchel-export.json`. */

import { bareETag } from "../listing.js";
import { TransferError } from "../requests.js";
import { findFile, Marks } from "./file-tree.js";
import { isContentType, isDocumentPath, isMap, readJson, refuseDocument } from "./parse.js";
import { describeUnlisted } from "./unlisted.js";

const LIST = "satchel-export.json";
/** Documents that were changed or deleted while the export was written. */
const CHANGES = "satchel-export-changes.json";

/** @param {import("./file-tree.js").FileTree} tree */
export const isExport = (tree) => tree.indexOf(LIST) !== -1;

/**
 * Reads an export. Refuses with `damaged` one whose list cannot be read.
 * @param {import("./file-tree.js").FileTree} tree
 */
export async function readExport(tree) {
  const listed = await readList(tree, LIST);
  const changes = tree.indexOf(CHANGES) === -1 ? [] : await readList(tree, CHANGES);
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
async function readList(tree, name) {
  const file = await findFile(tree, name);
  const list = file === null ? undefined : await readJson(file);
  if (isMap(list) && Array.isArray(list.documents)) return list.documents.filter(isMap);
  throw new TransferError("damaged", `${name} is no list of documents.`);
}

/**
 * @param {import("./file-tree.js").FileTree} tree
 * @param {Record<string, unknown>[]} list
 * @returns {AsyncGenerator<import("./source.js").SourceItem>}
 */
async function* readListed(tree, list) {
  const read = new Marks(tree);
  for (const name of [LIST, CHANGES]) read.add(tree.indexOf(name));
  for (const { path, file: name, "Content-Type": type, ETag: etag } of list) {
    if (!isDocumentPath(path) || !isContentType(type)) {
      yield refuseDocument(String(path), "malformed", "the list does not describe a document");
      continue;
    }
    const index = tree.indexOf(typeof name === "string" ? name : path.slice(1));
    if (index === -1) {
      yield refuseDocument(path, "missing", "the export lists it but does not contain it");
      continue;
    }
    read.add(index);
    const file = await tree.fileAt(index);
    if ("refusal" in file) yield { path, refusal: file.refusal };
    else {
      const { length, open } = file;
      const known = typeof etag === "string" ? bareETag(etag) : null;
      yield { path, type, isTypeGuessed: false, length, etag: known, digest: null, open };
    }
  }
  for (const index of read.rest()) {
    yield describeUnlisted(await tree.fileAt(index), "the export does not list it");
  }
}
