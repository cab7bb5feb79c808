/**
 * The directory of a ZIP. zip.js keeps some 8 KB for each entry, so it reads the directory once from its beginning to its end, and an
 * entry that is needed later again, with its neighbours.
 */

import { Reader, ZipReader } from "@zip.js/zip.js/lib/zip-core-native.js";
import { zip64End } from "../archive/zip64.js";
import { TransferError } from "../requests.js";
import { joinBytes } from "../streams.js";

/** Some three million entries, which take about a gigabyte of memory meanwhile. */
const MAX_DIRECTORY_BYTES = 512 * 1024 * 1024;

/** Entries that are read again at once, and how often the last of them are remembered. */
const PAGE_ENTRIES = 256;
const MAX_PAGES = 8;

/** A header of the directory without its name, extra fields and comment. */
const HEADER_BYTES = 46;

/**
 * Bytes that can be read anywhere.
 * @typedef {object} RandomAccess
 * @property {number} size
 * @property {(offset: number, length: number) => Promise<Uint8Array>} read
 * @property {() => Promise<void>} close
 */

/** @typedef {import("@zip.js/zip.js").FileEntry} FileEntry */

/** The entries of a ZIP. They have to be read once as a whole before one of them can be asked for. */
export class ZipDirectory {
  #count = 0;
  /** @type {number[]} where each page begins in the ZIP, and the last one ends */
  #positions = [];
  /** Bytes before the ZIP, such as a program that unpacks it, which its offsets do not count. */
  #prefixBytes = 0;
  /** @type {Map<number, Promise<FileEntry[]>>} in the order of their use */
  #pages = new Map();

  /** @param {RandomAccess} source @param {number} [maxBytes] */
  constructor(source, maxBytes = MAX_DIRECTORY_BYTES) {
    this.source = source;
    this.maxBytes = maxBytes;
  }

  /**
   * All entries but those of folders, in order. Refuses with `malformed` what is no ZIP; with `too-many` a directory of
   * more than `maxBytes`.
   * @returns {AsyncGenerator<{entry: FileEntry, number: number}>}
   */
  async *entries() {
    const reader = openReader(new WholeReader(this.source, this.maxBytes));
    try {
      let firstOffset = 0;
      let position = 0;
      for await (const entry of reader.getEntriesGenerator()) {
        const number = this.#count++;
        if (number === 0) {
          firstOffset = entry.offset;
          position = /** @type {any} */ (reader).directoryOffset;
        }
        if (number % PAGE_ENTRIES === 0) this.#positions.push(position);
        const { rawFilename, rawExtraField, rawComment } = entry;
        for (const { byteLength } of [rawFilename, rawExtraField, rawComment])
          position += byteLength;
        position += HEADER_BYTES;
        if (!entry.directory) yield { entry: /** @type {FileEntry} */ (entry), number };
      }
      this.#positions.push(position);
      if (this.#count === 0) return;
      const [first] = await this.#readPage(0);
      this.#prefixBytes = firstOffset - /** @type {FileEntry} */ (first).offset;
      if (this.#prefixBytes < 0) throw new Error("its beginning is missing");
    } catch (error) {
      if (error instanceof TransferError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new TransferError("malformed", `The ZIP cannot be read: ${reason}.`, { cause: error });
    }
  }

  /**
   * An entry, and where it begins in the file. Refuses with `damaged` if it cannot be read as before.
   * @param {number} number
   * @returns {Promise<{entry: FileEntry, offset: number}>}
   */
  async entryAt(number) {
    const page = Math.floor(number / PAGE_ENTRIES);
    const reading = this.#pages.get(page) ?? this.#readPage(page);
    this.#pages.delete(page);
    this.#pages.set(page, reading);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
    const entries = await reading.catch((error) => {
      if (error instanceof TransferError) throw error;
      throw new TransferError("damaged", `The ZIP cannot be read again: ${error}.`);
    });
    const entry = /** @type {FileEntry} */ (entries[number % PAGE_ENTRIES]);
    return { entry, offset: entry.offset + this.#prefixBytes };
  }

  /** @param {number} page */
  #startOf(page) {
    return /** @type {number} */ (this.#positions[page]);
  }

  /** @param {number} page @returns {Promise<FileEntry[]>} */
  async #readPage(page) {
    const from = this.#startOf(page);
    const headers = await this.source.read(from, this.#startOf(page + 1) - from);
    const count = Math.min(PAGE_ENTRIES, this.#count - page * PAGE_ENTRIES);
    const offset = this.#startOf(0) - this.#prefixBytes;
    const end = zip64End({ count, size: headers.byteLength, offset });
    const directory = joinBytes([headers, end]);
    const reader = new PageReader(this.source, this.#prefixBytes, offset, directory);
    return /** @type {FileEntry[]} */ (await openReader(reader).getEntries());
  }
}

/** @param {Reader<unknown>} reader */
const openReader = (reader) =>
  new ZipReader(reader, {
    useWebWorkers: false,
    // Names are checked here, so that each gets a refusal of its own.
    filenameValidation: "tolerant",
    decodeText: decodeName,
  });

/**
 * Names without the mark of UTF-8 mostly are UTF-8 nevertheless. Otherwise they are taken for CP437, as
 * the format says.
 * @param {Uint8Array} bytes
 */
function decodeName(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @extends {Reader<RandomAccess>} */
class WholeReader extends Reader {
  /** @param {RandomAccess} source @param {number} maxBytes to be read at once */
  constructor(source, maxBytes) {
    super(source);
    this.source = source;
    this.size = source.size;
    this.maxBytes = maxBytes;
  }

  /** @param {number} offset @param {number} length */
  readUint8Array(offset, length) {
    const rest = Math.min(length, this.size - offset);
    if (rest <= this.maxBytes) return this.source.read(offset, rest);
    const message = `The ZIP has too many files: its directory has more than ${this.maxBytes} bytes. Unzip it, and import the folder.`;
    throw new TransferError("too-many", message);
  }
}

/** The files of a ZIP, followed by a part of its directory. @extends {Reader<RandomAccess>} */
class PageReader extends Reader {
  /**
   * @param {RandomAccess} source
   * @param {number} start of the files in the source
   * @param {number} filesBytes
   * @param {Uint8Array} directory
   */
  constructor(source, start, filesBytes, directory) {
    super(source);
    this.source = source;
    this.start = start;
    this.filesBytes = filesBytes;
    this.directory = directory;
    this.size = filesBytes + directory.byteLength;
  }

  /** @param {number} offset @param {number} length */
  async readUint8Array(offset, length) {
    const end = Math.min(offset + length, this.size);
    const ofFiles = Math.max(0, Math.min(end, this.filesBytes) - offset);
    const files = ofFiles > 0 ? await this.source.read(this.start + offset, ofFiles) : EMPTY;
    if (end <= this.filesBytes) return files;
    const from = Math.max(0, offset - this.filesBytes);
    return joinBytes([files, this.directory.subarray(from, end - this.filesBytes)]);
  }
}

const EMPTY = new Uint8Array();
