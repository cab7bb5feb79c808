/** The archive: a BagIt bag of documents and databases, as docs/archive.md specifies it. */

import {
  ARCHIVE_VERSION,
  CHANGES_LIST,
  DATABASES_FOLDER,
  DATABASES_LIST,
  DATABASES_VERSION,
  DOCUMENTS_FOLDER,
  DOCUMENTS_LIST,
  MANIFEST,
  TAG_MANIFEST,
  VERSION_LABEL,
} from "../archive/format.js";
import { FOLDER_DESCRIPTION } from "../archive/names.js";
import { digestOf } from "../digest.js";
import { parseTime } from "../listing.js";
import { TransferError } from "../requests.js";
import { chunksOf, linesOf } from "../streams.js";
import { readDatabaseFiles } from "./bag-databases.js";
import { FileDigests, findFile, Marks } from "./file-tree.js";
import {
  isContentType,
  isDocumentPath,
  isMap,
  parseJson,
  readText,
  refuseDocument,
} from "./parse.js";
import { isSystemName } from "./system-files.js";
import { describeUnlisted } from "./unlisted.js";

const MAX_LINE_LENGTH = 64 * 1024;

/** Files of the bag that are no payload. */
const TAG_FILES = ["bagit.txt", "bag-info.txt", MANIFEST, DOCUMENTS_LIST, CHANGES_LIST];

/** @typedef {import("./file-tree.js").FileTree} FileTree */

/**
 * Finds the folder of a bag: the root, or the only folder of it. Null if it is no bag.
 * @param {FileTree} tree
 * @returns {string | null} such as "" or "bag/"
 */
export function findBag(tree) {
  if (tree.indexOf("bagit.txt") !== -1) return "";
  for (let index = 0; index < tree.size; index++) {
    const name = tree.nameAt(index);
    if (/^[^/]+\/bagit\.txt$/.test(name)) return name.slice(0, -"bagit.txt".length);
  }
  return null;
}

/**
 * Reads an archive. Its own lists are verified first: refuses with `unknown-format` what is no archive
 * of a known version, with `damaged` an archive in which they do not have their digests.
 * @param {FileTree} tree
 * @param {string} base
 */
export async function readBag(tree, base) {
  const declaration = parseTags(await readTag(tree, base, "bagit.txt"));
  const info = parseTags(await readTag(tree, base, "bag-info.txt"));
  const isBag = ["0.97", "1.0"].includes(declaration.get("bagit-version") ?? "");
  const version = info.get(VERSION_LABEL.toLowerCase());
  if (!isBag || version === undefined) {
    throw new TransferError("unknown-format", "It is a bag, but not an archive of Satchel.");
  }
  if (version !== ARCHIVE_VERSION && version !== DATABASES_VERSION) {
    const message = `It is an archive of version ${version}; only versions up to ${DATABASES_VERSION} can be read.`;
    throw new TransferError("unknown-format", message);
  }
  const hasDatabases = version === DATABASES_VERSION;
  const tagFiles = hasDatabases ? [...TAG_FILES, DATABASES_LIST] : TAG_FILES;
  const tagDigests = new Map();
  for await (const { path, digest } of readManifest(tree, base, TAG_MANIFEST)) {
    if (tagFiles.includes(path)) tagDigests.set(path, digest);
  }
  for (const name of tagFiles) {
    const file = await findFile(tree, base + name);
    const found = file === null ? null : await digestOf(chunksOf(await file.open()));
    if (found === null || tagDigests.get(name) !== found.digest) {
      throw new TransferError(
        "damaged",
        `${name} is not the one that the archive was written with.`,
      );
    }
  }
  const digests = new FileDigests(tree);
  for await (const { path, digest } of readManifest(tree, base, MANIFEST)) {
    digests.set(tree.indexOf(base + path), digest);
  }
  const isOfDatabases = (/** @type {string} */ name) =>
    hasDatabases && name.startsWith(base + DATABASES_FOLDER);
  return {
    documents: readDocuments(tree, base, digests, tagFiles, isOfDatabases),
    databases: hasDatabases ? readDatabaseFiles(tree, base, digests) : null,
  };
}

/**
 * @param {FileTree} tree
 * @param {string} base
 * @param {FileDigests} digests
 * @param {string[]} tagFiles
 * @param {(name: string) => boolean} isOfDatabases
 * @returns {AsyncGenerator<import("./source.js").SourceItem>}
 */
async function* readDocuments(tree, base, digests, tagFiles, isOfDatabases) {
  const read = new Marks(tree);
  for (const name of [...tagFiles, TAG_MANIFEST]) read.add(tree.indexOf(base + name));
  const paths = new ListedPaths(tree, base);
  const list = /** @type {import("./file-tree.js").TreeFile} */ (
    await findFile(tree, base + DOCUMENTS_LIST)
  );
  for await (const text of linesOf(await list.open(), MAX_LINE_LENGTH)) {
    const line = parseLine(text);
    if (line === null || !paths.add(line)) {
      const reason = line === null ? "it describes no document" : "another line has its path";
      yield refuseDocument(line?.path ?? text.slice(0, 200), "malformed", reason);
      continue;
    }
    const { path, file: name, type, etag } = line;
    const index = tree.indexOf(base + name);
    read.add(index);
    const file = index === -1 ? null : await tree.fileAt(index);
    const digest = digests.get(index);
    if (file !== null && "refusal" in file) yield { path, refusal: file.refusal };
    else if (file === null || digest === null) {
      yield refuseDocument(path, "missing", "the archive lists it but does not contain it");
    } else {
      const { length, open } = file;
      const modified = parseTime(line.modified);
      yield { path, type, isTypeGuessed: false, length, modified, etag, digest, open };
    }
  }
  for (const index of read.rest()) {
    const name = tree.nameAt(index);
    if (isDescription(name, base) && tree.refusalAt(index) === null) continue;
    if (isOfDatabases(name) && !isSystemName(name)) continue;
    const item = await describeUnlisted(await tree.fileAt(index), "the archive does not list it");
    // Databases report what is refused of theirs.
    if ("isSystemFile" in item || !isOfDatabases(name)) yield item;
  }
}

/** @param {string} name @param {string} base */
const isDescription = (name, base) =>
  name.startsWith(base + DOCUMENTS_FOLDER) && name.endsWith(`/${FOLDER_DESCRIPTION}`);

/**
 * The paths that lines have had. Those of ordinary names, which are also those of their files, need no memory but a mark at the
 * file: a million others would need a hundred megabytes.
 */
class ListedPaths {
  /** @type {Set<string>} */
  #others = new Set();

  /** @param {FileTree} tree @param {string} base */
  constructor(tree, base) {
    this.tree = tree;
    this.folder = base + DOCUMENTS_FOLDER;
    this.ordinary = new Marks(tree);
  }

  /** False if another line has had this path. @param {import("../archive/format.js").ListedDocument} line */
  add({ path, file }) {
    const index = this.tree.indexOf(this.folder + path.slice(1));
    if (this.#others.has(path) || this.ordinary.has(index)) return false;
    if (index !== -1 && file === DOCUMENTS_FOLDER + path.slice(1)) this.ordinary.add(index);
    else this.#others.add(path);
    return true;
  }
}

/**
 * @param {string} text
 * @returns {import("../archive/format.js").ListedDocument | null}
 */
function parseLine(text) {
  const line = parseJson(text);
  if (!isMap(line)) return null;
  const { path, file, type, etag } = line;
  const isKnown =
    isDocumentPath(path) &&
    isContentType(type) &&
    typeof etag === "string" &&
    typeof file === "string" &&
    file.startsWith(DOCUMENTS_FOLDER);
  return isKnown ? /** @type {any} */ (line) : null;
}

/** @param {FileTree} tree @param {string} base @param {string} name */
async function readTag(tree, base, name) {
  const file = await findFile(tree, base + name);
  if (file === null) throw new TransferError("damaged", `The archive has no ${name}.`);
  return readText(file);
}

/**
 * The digests of files: RFC 8493 §2.1.3.
 * @param {FileTree} tree
 * @param {string} base
 * @param {string} name
 * @returns {AsyncGenerator<{path: string, digest: string}>}
 */
async function* readManifest(tree, base, name) {
  const file = await findFile(tree, base + name);
  if (file === null) throw new TransferError("damaged", `The archive has no ${name}.`);
  for await (const line of linesOf(await file.open(), MAX_LINE_LENGTH)) {
    const [, digest, path] = /^([0-9a-f]{64})\s+(.+)$/i.exec(line) ?? [];
    if (digest === undefined || path === undefined) {
      throw new TransferError("damaged", `${name} is no manifest.`);
    }
    yield { path, digest: digest.toLowerCase() };
  }
}

/**
 * Labels, in lower case, and values: RFC 8493 §2.2.2.
 * @param {string} text
 */
function parseTags(text) {
  const tags = new Map();
  for (const line of text.split(/\r\n|\n|\r/)) {
    const [, label, value] = /^([^\s:][^:]*):\s*(.*)$/.exec(line) ?? [];
    if (label !== undefined) tags.set(label.toLowerCase(), value);
  }
  return tags;
}
