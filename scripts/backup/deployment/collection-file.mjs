/**
 * The files of RxDB databases in the backup of a deployment. A collection is a file of lines: its schema, then its
 * documents in the order of their writes, of which a later line replaces an earlier one. The bytes of an attachment are a
 * file that is named by their checksum. A file is never changed.
 */

import { createHash } from "node:crypto";
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { readCollection } from "../../../transfer/databases/read.js";
import { describeDocument, describeSchema } from "../../../transfer/databases/source.js";

/** Documents that are restored by one request, and their characters. */
const MAX_BATCH_DOCUMENTS = 500;
const MAX_BATCH_LENGTH = 2_000_000;

/** @typedef {import("./provider.mjs").ListedCollection} ListedCollection */

/**
 * A collection in a backup. `state`: of the collection when it was listed; `attachments`: the checksums of all.
 * @typedef {ListedCollection & {file: string, sha256: string, attachments: string[]}} StoredCollection
 */

/** @typedef {import("../../../transfer/databases/client.js").CollectionName} CollectionName */

/** The path, in a backup, of a collection in a state. @param {string} account @param {CollectionName & {state: string}} name */
export function collectionPath(account, { module, database, collection, version, state }) {
  const identity = JSON.stringify([account, module, database, collection, version, state]);
  const hash = createHash("sha256").update(identity).digest("hex");
  return join("databases", hash.slice(0, 2), hash);
}

/** The path, in a backup, of the attachment with a checksum. @param {string} sha256 */
export const attachmentPath = (sha256) => join("attachments", sha256.slice(0, 2), sha256);

/**
 * Downloads a collection.
 * @param {import("../../../transfer/databases/client.js").DatabasesClient} client
 * @param {CollectionName} name
 * @param {string} folder of the backup
 * @param {string} path in it
 * @param {string} [earlier] path of the same collection in an earlier state, whose attachments need not be downloaded
 * @returns {Promise<Pick<StoredCollection, "sha256" | "attachments"> | null>} null: it was removed meanwhile
 */
export async function downloadCollection(client, name, folder, path, earlier) {
  const known = earlier === undefined ? new Map() : await attachmentsOf(join(folder, earlier));
  const attachments = new Set();
  let isThere = false;
  async function* lines() {
    for await (const entry of readCollection(client, name)) {
      isThere = true;
      if (entry.kind === "collection") {
        yield `{"schema":${entry.schema}}\n`;
        continue;
      }
      for (const document of entry.documents) {
        const files = await downloadAttachments(document, entry.readAttachment, folder, known);
        for (const sha256 of Object.values(files)) attachments.add(sha256);
        yield `{"document":${document.json},"files":${JSON.stringify(files)}}\n`;
      }
    }
  }
  const hash = createHash("sha256");
  async function* hashed(chunks) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  await pipeline(lines, hashed, createWriteStream(`${file}.new`));
  if (!isThere || (await client.describe(name)) === null) return null;
  renameSync(`${file}.new`, file);
  return { sha256: hash.digest("hex"), attachments: [...attachments] };
}

/** Returns the checksums by the names of the attachments, without those that have no bytes (any more). */
async function downloadAttachments({ attachments }, readAttachment, folder, known) {
  // An attachment may have the name "__proto__".
  const files = Object.create(null);
  for (const attachment of attachments) {
    const earlier = known.get(identityOf(attachment));
    if (earlier !== undefined && existsSync(join(folder, attachmentPath(earlier)))) {
      files[attachment.name] = earlier;
      continue;
    }
    const bytes = await readAttachment(attachment);
    if (bytes === null) continue;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const file = join(folder, attachmentPath(sha256));
    if (!existsSync(file)) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, bytes);
      renameSync(`${file}.new`, file);
    }
    files[attachment.name] = sha256;
  }
  return files;
}

const identityOf = ({ document, name, digest }) => JSON.stringify([document, name, digest]);

/** The checksums of the attachments of a stored collection. @returns {Promise<Map<string, string>>} */
async function attachmentsOf(file) {
  const known = new Map();
  for await (const { document, files } of readDocuments(file)) {
    for (const { name, ...rest } of document.attachments) {
      if (files[name] !== undefined) known.set(identityOf({ name, ...rest }), files[name]);
    }
  }
  return known;
}

/**
 * Reads a stored collection as an import takes it.
 * @param {CollectionName} name
 * @param {string} folder of the backup
 * @param {string} path in it
 * @returns {AsyncGenerator<import("../../../transfer/databases/source.js").DatabaseEntry>}
 */
export async function* readStoredCollection(name, folder, path) {
  const file = join(folder, path);
  const { schema, ...facts } = await readSchema(file);
  const collection = { kind: "collection", name, schema: JSON.stringify(schema), ...facts };
  yield collection;
  // They were changed while they were read, and come again; or nobody has ever stored the bytes.
  const incomplete = new Map();
  let batch = new RestoredBatch(folder);
  for await (const { document, files } of readDocuments(file)) {
    if (Object.keys(files).length < document.attachments.length) {
      incomplete.set(document.id, document);
      continue;
    }
    incomplete.delete(document.id);
    if (batch.isFull) {
      yield batch.entry;
      batch = new RestoredBatch(folder);
    }
    batch.add(document, files);
  }
  yield batch.entry;
  if (incomplete.size === 0) return;
  yield { ...collection, hasAttachments: false };
  for (const document of incomplete.values()) {
    const single = new RestoredBatch(folder);
    single.add(document, {});
    yield single.entry;
  }
}

/** Documents that are restored together. */
class RestoredBatch {
  #folder;
  #documents = [];
  #length = 0;
  /** The checksums of their attachments. */
  #files = new Map();

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
  }

  get isFull() {
    return this.#documents.length === MAX_BATCH_DOCUMENTS || this.#length > MAX_BATCH_LENGTH;
  }

  /** @returns {import("../../../transfer/databases/source.js").SourceBatch} */
  get entry() {
    const readAttachment = async (attachment) => {
      const sha256 = this.#files.get(identityOf(attachment));
      return sha256 === undefined
        ? null
        : new Uint8Array(readFileSync(join(this.#folder, attachmentPath(sha256))));
    };
    return { kind: "batch", documents: this.#documents, isChange: false, readAttachment };
  }

  add(document, files) {
    this.#documents.push(document);
    this.#length += document.json.length;
    for (const attachment of document.attachments) {
      this.#files.set(identityOf(attachment), files[attachment.name]);
    }
  }
}

/** The first line of a stored collection. */
async function readSchema(file) {
  for await (const line of linesOf(file)) {
    const { schema } = JSON.parse(line);
    const { primaryPath, hasAttachments } = describeSchema(schema);
    return { schema, primaryPath, hasAttachments };
  }
  throw new Error(`${file} is empty.`);
}

/** The documents of a stored collection, with the checksums of their attachments. */
async function* readDocuments(file) {
  const collection = await readSchema(file);
  for await (const line of linesOf(file)) {
    const { document, files } = JSON.parse(line);
    if (document !== undefined) {
      yield { document: describeDocument(document, collection), files };
    }
  }
}

/**
 * Yields the lines of a file. (Node's own readline also splits at characters that JSON may contain.)
 * @param {string} file
 * @returns {AsyncGenerator<string>}
 */
export async function* linesOf(file) {
  let rest = "";
  for await (const chunk of createReadStream(file, "utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    yield* lines;
  }
  if (rest !== "") yield rest;
}
