/** Writes an archive: a BagIt bag in a ZIP, as a stream. Only one document passes at a time. */

import { makeZip } from "client-zip";
import { digestBytes, digesting } from "../digest.js";
import { chunksOf } from "../streams.js";
import { DatabaseFiles } from "./database-files.js";
import {
  ARCHIVE_VERSION,
  BAG_DECLARATION,
  CHANGES_LIST,
  DATABASES_LIST,
  DATABASES_VERSION,
  DOCUMENTS_FOLDER,
  DOCUMENTS_LIST,
  MANIFEST,
  TAG_MANIFEST,
  VERSION_LABEL,
} from "./format.js";
import { encode, Lines } from "./lines.js";
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

/** @typedef {import("../databases/source.js").SourceCollection} SourceCollection */
/** @typedef {import("../databases/source.js").SourceBatch} SourceBatch */

/** @typedef {ArchivedFolder | ArchivedDocument | ArchivedChange | SourceCollection | SourceBatch} ArchiveEntry */

/**
 * @typedef {object} ArchiveInfo
 * @property {string} address whose documents they are
 * @property {string[]} modules none: all
 * @property {Date} now
 * @property {boolean} [hasDatabases] entries may be of databases
 * @property {(label: string, id: string) => void} [onIncomplete] is told of a document of a database that cannot be
 *   read with all its attachments, and is left out
 */

/** @typedef {{name: string, lastModified: Date, input: Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>}} ZipItem */

/**
 * Writes entries: documents, which come folder by folder, and then databases. The stream fails if a body does; what
 * was written by then is no archive, as the directory of a ZIP is at its end.
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

/** The files of a bag, as entries come. */
export class BagWriter {
  /** @param {ArchiveInfo} info */
  constructor(info) {
    this.info = info;
    this.base = `${bagName(info)}/`;
    this.names = new FileNames();
    this.manifest = new Lines();
    this.tagManifest = new Lines();
    this.documents = new Lines();
    this.changes = new Lines();
    this.databases = new DatabaseFiles(this);
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
      if (entry.kind === "collection" || entry.kind === "batch") {
        yield* this.closeFolders(null);
        yield* entry.kind === "batch" ? this.databases.batch(entry) : this.databases.open(entry);
      }
    }
    yield* this.closeFolders(null);
    this.databases.close();
    yield this.tagFile(DOCUMENTS_LIST, this.documents.bytes());
    if (this.info.hasDatabases) yield this.tagFile(DATABASES_LIST, this.databases.list.bytes());
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
    const { digest, length } = await finish();
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
      yield this.payloadFile(file, encode(`${JSON.stringify(description, null, 2)}\n`));
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
  payloadFile(name, bytes) {
    this.addPayload(name, digestBytes(bytes), bytes.byteLength);
    return this.zipItem(name, bytes);
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
    const { address, modules, now, hasDatabases } = this.info;
    const { bytes, files } = this.payload;
    const lines = [
      `Bag-Software-Agent: Satchel`,
      `Bagging-Date: ${now.toISOString().slice(0, 10)}`,
      `External-Identifier: ${address}`,
      `Payload-Oxum: ${bytes}.${files}`,
      `${VERSION_LABEL}: ${hasDatabases ? DATABASES_VERSION : ARCHIVE_VERSION}`,
      ...modules.map((module) => `Satchel-Archive-Module: ${module}`),
    ];
    return lines.map((line) => `${line}\n`).join("");
  }
}
