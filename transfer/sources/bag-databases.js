/** The databases of an archive, file by file as its list has them. */

import { DATABASES_FOLDER, DATABASES_LIST } from "../archive/format.js";
import { labelOf } from "../databases/client.js";
import { describeDocument, describeSchema } from "../databases/source.js";
import { digestBytes } from "../digest.js";
import { TransferError } from "../requests.js";
import { linesOf, readBytes } from "../streams.js";
import { findFile, Marks } from "./file-tree.js";
import { isMap, parseJson, refuseDocument } from "./parse.js";
import { describeUnlisted } from "./unlisted.js";

const NOT_LISTED = "the archive does not list it";

/** Files are verified before they are used, so they have to fit into memory; those that we write are smaller. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Ids of documents may be as long as the documents. */
const MAX_LINE_LENGTH = 4 * 1024 * 1024;

/** Documents of a batch, and their characters. */
const MAX_BATCH_DOCUMENTS = 1000;
const MAX_BATCH_LENGTH = 4_000_000;

/** @typedef {import("./file-tree.js").FileTree} FileTree */
/** @typedef {import("./file-tree.js").FileDigests} FileDigests */
/** @typedef {import("../archive/format.js").ListedDatabaseFile} ListedDatabaseFile */
/** @typedef {import("../databases/source.js").DatabaseEntry} DatabaseEntry */
/** @typedef {import("../databases/source.js").SourceCollection} SourceCollection */
/** @typedef {import("../databases/source.js").SourceDatabaseDocument} SourceDatabaseDocument */

/**
 * Reads the databases of an archive, whose list has been verified.
 * @param {FileTree} tree
 * @param {string} base
 * @param {FileDigests} digests
 * @returns {AsyncGenerator<DatabaseEntry>}
 */
export async function* readDatabaseFiles(tree, base, digests) {
  const files = new BagFiles(tree, base, digests);
  const list = /** @type {import("./file-tree.js").TreeFile} */ (
    await findFile(tree, base + DATABASES_LIST)
  );
  /** @type {SourceCollection | null} */
  let collection = null;
  /** @type {Map<string, string>} files of the attachments of the next documents */
  let attachments = new Map();
  for await (const text of linesOf(await list.open(), MAX_LINE_LENGTH)) {
    const line = parseLine(text);
    if (line === null) {
      yield refuse(text.slice(0, 200), "malformed", "it describes no file of a database");
      continue;
    }
    files.markAsListed(line.file);
    if (line.content === "attachment") {
      attachments.set(attachmentKey(line), line.file);
      continue;
    }
    try {
      if (line.content === "schema") {
        collection = null;
        collection = parseCollection(line, await files.read(line.file));
        yield collection;
      } else if (collection !== null && labelOf(collection.name) === labelOf(line)) {
        yield* readBatches(line, collection, attachments, files);
      } else yield refuse(line.file, "malformed", "its collection has no schema");
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      yield { kind: "refused", path: line.file, refusal: error };
    }
    attachments = new Map();
  }
  yield* files.unlisted();
}

/**
 * @param {Extract<ListedDatabaseFile, {content: "documents" | "changes"}>} line
 * @param {SourceCollection} collection
 * @param {Map<string, string>} attachments
 * @param {BagFiles} files
 * @returns {AsyncGenerator<DatabaseEntry>}
 */
async function* readBatches({ file, content }, collection, attachments, files) {
  const bytes = await files.read(file);
  const isChange = content === "changes";
  /** @type {(attachment: import("../databases/client.js").AttachmentName) => Promise<Uint8Array<ArrayBuffer> | null>} */
  const readAttachment = async (attachment) => {
    const name = attachments.get(attachmentKey(attachment));
    return name === undefined ? null : files.read(name);
  };
  /** @type {SourceDatabaseDocument[]} */
  let documents = [];
  let length = 0;
  for await (const text of linesOf(new Blob([bytes]).stream(), MAX_LINE_LENGTH)) {
    const document = describeDocument(parseJson(text), collection);
    if (document === null) {
      yield refuse(file, "malformed", "a line of it is no document");
      continue;
    }
    const isFull =
      documents.length === MAX_BATCH_DOCUMENTS || length + text.length > MAX_BATCH_LENGTH;
    if (isFull && documents.length > 0) {
      yield { kind: "batch", documents, isChange, readAttachment };
      documents = [];
      length = 0;
    }
    documents.push(document);
    length += text.length;
  }
  if (documents.length > 0) yield { kind: "batch", documents, isChange, readAttachment };
}

/** @param {import("../databases/client.js").AttachmentName} attachment */
const attachmentKey = ({ document, name, digest }) => JSON.stringify([document, name, digest]);

/**
 * @param {ListedDatabaseFile} line
 * @param {Uint8Array} bytes
 * @returns {SourceCollection}
 */
function parseCollection({ module, database, collection, version, file }, bytes) {
  const schema = new TextDecoder().decode(bytes);
  const described = describeSchema(parseJson(schema));
  if (described === null || described.version !== version) {
    throw new TransferError("malformed", `${file} is refused: it is no schema of this version.`);
  }
  const name = { module, database, collection, version };
  const { primaryPath, hasAttachments } = described;
  return { kind: "collection", name, schema, primaryPath, hasAttachments };
}

/** @param {string} text @returns {ListedDatabaseFile | null} */
function parseLine(text) {
  const line = parseJson(text);
  if (!isMap(line)) return null;
  const { module, database, collection, version, file, content, document, name, digest } = line;
  const isFile =
    [module, database, collection, file].every((one) => typeof one === "string") &&
    Number.isSafeInteger(version) &&
    /** @type {string} */ (file).startsWith(DATABASES_FOLDER);
  const isAttachment =
    content === "attachment" && [document, name, digest].every((one) => typeof one === "string");
  const isKnown = isAttachment || ["schema", "documents", "changes"].includes(String(content));
  return isFile && isKnown ? /** @type {any} */ (line) : null;
}

/** @param {string} path @param {string} code @param {string} reason @returns {DatabaseEntry} */
const refuse = (path, code, reason) => ({ kind: "refused", ...refuseDocument(path, code, reason) });

/** The files of databases in a bag. */
class BagFiles {
  /** @param {FileTree} tree @param {string} base @param {FileDigests} digests */
  constructor(tree, base, digests) {
    this.tree = tree;
    this.base = base;
    this.digests = digests;
    this.listed = new Marks(tree);
  }

  /** @param {string} file */
  markAsListed(file) {
    this.listed.add(this.tree.indexOf(this.base + file));
  }

  /**
   * Reads a file. Refuses one that is missing or too large, or does not have its digest.
   * @param {string} file
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async read(file) {
    const found = await findFile(this.tree, this.base + file);
    const digest = this.digests.get(this.tree.indexOf(this.base + file));
    if (found === null || digest === null) {
      const message = `${file} is refused: the archive lists it but does not contain it.`;
      throw new TransferError("missing", message);
    }
    const bytes = await readBytes(await found.open(), MAX_FILE_BYTES);
    if (digestBytes(bytes) === digest) return bytes;
    const message = `${file} does not have the digest that the archive says.`;
    throw new TransferError("damaged", message);
  }

  /** Reports the files that no line has named, but not those of a system, which are reported with the documents. @returns {AsyncGenerator<DatabaseEntry>} */
  async *unlisted() {
    for (const index of this.listed.rest()) {
      if (!this.tree.nameAt(index).startsWith(this.base + DATABASES_FOLDER)) continue;
      const item = await describeUnlisted(await this.tree.fileAt(index), NOT_LISTED);
      if ("refusal" in item) yield { kind: "refused", ...item };
    }
  }
}
