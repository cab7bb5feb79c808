/** Writes an archive: a BagIt bag in a ZIP, as a stream. Only one document passes at a time. */

import { makeZip } from "client-zip";
import { digestBytes, digesting } from "../digest.js";
import { chunksOf, joinBytes } from "../streams.js";
import {
  ARCHIVE_VERSION,
  BAG_DECLARATION,
  CHANGES_LIST,
  DOCUMENTS_FOLDER,
  DOCUMENTS_LIST,
  MANIFEST,
  TAG_MANIFEST,
  VERSION_LABEL,
} from "./format.js";
import { FileNames, FOLDER_DESCRIPTION } from "./names.js";
import { withZip64End } from "./zip64.js";

/**
 * A folder, before all that is in it.
 * @typedef {{kind: "folder", path: string, etag: string | null}} ArchivedFolder
 */

/**
 * @typedef {object} ArchivedDocument
 * @property {"document"} kind
 * @property {string} path
 * @property {string} type
 * @property {string} etag without quotes
 * @property {number | null} modified milliseconds since 1970
 * @property {ReadableStream<Uint8Array>} body fails if it is not complete
 */

/** @typedef {{kind: "change"} & import("./format.js").ListedChange} ArchivedChange */

/** @typedef {ArchivedFolder | ArchivedDocument | ArchivedChange} ArchiveEntry */

/**
 * @typedef {object} ArchiveInfo
 * @property {string} address whose documents they are
 * @property {string[]} modules none: all
 * @property {Date} now
 */

/** @typedef {{name: string, lastModified: Date, input: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>}} ZipItem */

/**
 * Writes entries, which come folder by folder. The stream fails if a body does; what was written by then
 * is no archive, as the directory of a ZIP is at its end.
 * @param {AsyncIterable<ArchiveEntry>} entries
 * @param {ArchiveInfo} info
 * @returns {ReadableStream<Uint8Array>}
 */
export function writeArchive(entries, info) {
  const writer = new BagWriter(info);
  const zip = makeZip(
    /** @type {AsyncIterable<{name: string, lastModified: Date, input: AsyncIterable<Uint8Array<ArrayBuffer>>}>} */ (
      writer.files(entries)
    ),
  );
  return withZip64End(zip, () => writer.fileCount);
}

/** The name of the bag's folder. @param {ArchiveInfo} info */
const bagName = ({ address, now }) =>
  `satchel-${address.replace(/[^\w.@-]+/g, "-")}-${now.toISOString().slice(0, 10)}`;

class BagWriter {
  /** @param {ArchiveInfo} info */
  constructor(info) {
    this.info = info;
    this.base = `${bagName(info)}/`;
    this.names = new FileNames();
    this.manifest = new Lines();
    this.tagManifest = new Lines();
    this.documents = new Lines();
    this.changes = new Lines();
    this.payload = { bytes: 0, files: 0 };
    /** All files of the ZIP. */
    this.fileCount = 0;
    /** @type {Map<string, string>} ETags of the folders that have been announced */
    this.folderETags = new Map();
    /** @type {{path: string, items: Record<string, object>}[]} from the root to the last document */
    this.openFolders = [];
  }

  /**
   * @param {AsyncIterable<ArchiveEntry>} entries
   * @returns {AsyncGenerator<ZipItem>}
   */
  async *files(entries) {
    yield this.tagFile("bagit.txt", encode(BAG_DECLARATION));
    for await (const entry of entries) {
      if (entry.kind === "folder" && entry.etag !== null) {
        this.folderETags.set(entry.path, entry.etag);
      }
      if (entry.kind === "change") {
        const { path, listed, archived } = entry;
        this.changes.add(JSON.stringify({ path, listed, archived }));
      }
      if (entry.kind === "document") {
        yield* this.closeFolders(entry.path);
        yield* this.document(entry);
      }
    }
    yield* this.closeFolders(null);
    yield this.tagFile(DOCUMENTS_LIST, this.documents.bytes());
    yield this.tagFile(CHANGES_LIST, this.changes.bytes());
    yield this.tagFile(MANIFEST, this.manifest.bytes());
    yield this.tagFile("bag-info.txt", encode(this.describeBag()));
    yield this.zipItem(TAG_MANIFEST, this.tagManifest.bytes());
  }

  /** @param {ArchivedDocument} document @returns {AsyncGenerator<ZipItem>} */
  async *document({ path, type, etag, modified, body }) {
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    this.openFolder(folder);
    const file = DOCUMENTS_FOLDER + this.names.fileFor(path);
    const { chunks, finish } = digesting(chunksOf(body));
    yield this.zipItem(file, chunks, modified);
    // The ZIP asks for the next file when this one is written.
    const { digest, length } = finish();
    this.addPayload(file, digest, length);
    const time = modified === null ? null : new Date(modified).toISOString();
    this.documents.add(JSON.stringify({ path, file, type, etag, length, modified: time }));
    this.addItem(folder, path.slice(folder.length), {
      ETag: etag,
      "Content-Type": type,
      "Content-Length": length,
      ...(modified === null ? {} : { "Last-Modified": new Date(modified).toUTCString() }),
    });
  }

  /** Opens a folder and those above it. @param {string} folder */
  openFolder(folder) {
    const open = this.openFolders.at(-1)?.path ?? "";
    for (let end = open.length; end < folder.length; ) {
      end = folder.indexOf("/", end) + 1;
      this.openFolders.push({ path: folder.slice(0, end), items: {} });
    }
  }

  /**
   * Writes the descriptions of the folders that the next document is not in.
   * @param {string | null} path null: there is no next one
   * @returns {AsyncGenerator<ZipItem>}
   */
  async *closeFolders(path) {
    for (let open = this.openFolders.at(-1); open; open = this.openFolders.at(-1)) {
      if (path?.startsWith(open.path)) return;
      this.openFolders.pop();
      const etag = this.folderETags.get(open.path);
      this.folderETags.delete(open.path);
      const parent = open.path.slice(0, open.path.lastIndexOf("/", open.path.length - 2) + 1);
      if (open.path !== "/") {
        const name = open.path.slice(parent.length);
        this.addItem(parent, name, etag === undefined ? {} : { ETag: etag });
      }
      const file = `${DOCUMENTS_FOLDER}${this.names.fileFor(open.path)}${FOLDER_DESCRIPTION}`;
      const context = "http://remotestorage.io/spec/folder-description";
      const description = { "@context": context, items: open.items };
      const bytes = encode(`${JSON.stringify(description, null, 2)}\n`);
      this.addPayload(file, digestBytes(bytes), bytes.byteLength);
      yield this.zipItem(file, bytes);
    }
  }

  /**
   * @param {string} folder the last of the open folders
   * @param {string} name
   * @param {object} facts
   */
  addItem(folder, name, facts) {
    const open = this.openFolders.at(-1);
    if (open?.path !== folder) throw new Error(`${folder} is not open.`);
    // A document may be called __proto__.
    Object.defineProperty(open.items, name, { value: facts, enumerable: true });
  }

  /**
   * @param {string} file
   * @param {string} digest
   * @param {number} length
   */
  addPayload(file, digest, length) {
    this.manifest.add(`${digest}  ${file}`);
    this.payload.bytes += length;
    this.payload.files += 1;
  }

  /** @param {string} name @param {Uint8Array<ArrayBuffer>} bytes */
  tagFile(name, bytes) {
    this.tagManifest.add(`${digestBytes(bytes)}  ${name}`);
    return this.zipItem(name, bytes);
  }

  /**
   * @param {string} name
   * @param {ZipItem["input"]} input
   * @param {number | null} [modified]
   * @returns {ZipItem}
   */
  zipItem(name, input, modified = null) {
    const lastModified = modified === null ? this.info.now : new Date(modified);
    this.fileCount++;
    return { name: this.base + name, lastModified, input };
  }

  describeBag() {
    const { address, modules, now } = this.info;
    const { bytes, files } = this.payload;
    const lines = [
      `Bag-Software-Agent: Satchel`,
      `Bagging-Date: ${now.toISOString().slice(0, 10)}`,
      `External-Identifier: ${address}`,
      `Payload-Oxum: ${bytes}.${files}`,
      `${VERSION_LABEL}: ${ARCHIVE_VERSION}`,
      ...modules.map((module) => `Satchel-Archive-Module: ${module}`),
    ];
    return lines.map((line) => `${line}\n`).join("");
  }
}

/** Lines of text, as bytes: strings would need three times the memory. */
class Lines {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #blocks = [];
  /** @type {string[]} */
  #recent = [];

  /** @param {string} line */
  add(line) {
    this.#recent.push(`${line}\n`);
    if (this.#recent.length >= 1000) this.#pack();
  }

  #pack() {
    this.#blocks.push(encode(this.#recent.join("")));
    this.#recent = [];
  }

  /** All lines. */
  bytes() {
    this.#pack();
    return joinBytes(this.#blocks);
  }
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
const encode = (text) => new TextEncoder().encode(text);
