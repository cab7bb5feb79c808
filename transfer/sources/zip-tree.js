/** The files of a ZIP, by random access. What could be read in two ways, or harm, is refused. */

import { Reader, ZipReader } from "@zip.js/zip.js/lib/zip-core-native.js";
import { TransferError } from "../requests.js";
import { chunksOf, streamOf } from "../streams.js";
import { nameProblem, refuseFile } from "./file-tree.js";

/** zip.js keeps some 8 KB for each entry: more of them need more memory than a browser has. */
const MAX_ENTRIES = 200_000;

/** A file that is larger than this many times its compressed bytes is a bomb, unless it is small. */
const MAX_RATIO = 200;
const MAX_SMALL_BYTES = 10_000_000;

/** A local header without the name. */
const LOCAL_HEADER_BYTES = 30;

/** @typedef {import("./file-tree.js").TreeFile} TreeFile */
/** @typedef {import("./file-tree.js").RefusedFile} RefusedFile */
/** @typedef {import("@zip.js/zip.js").FileEntry} FileEntry */

/**
 * Bytes that can be read anywhere.
 * @typedef {object} RandomAccess
 * @property {number} size
 * @property {(offset: number, length: number) => Promise<Uint8Array>} read
 * @property {() => Promise<void>} close
 */

/** @extends {Reader<RandomAccess>} */
class RandomAccessReader extends Reader {
  /** @param {RandomAccess} source */
  constructor(source) {
    super(source);
    this.source = source;
    this.size = source.size;
  }

  /** @param {number} offset @param {number} length */
  readUint8Array(offset, length) {
    return this.source.read(offset, Math.min(length, this.size - offset));
  }
}

/**
 * Opens a ZIP. Refuses with `malformed` what is none, or is cut off, or could be read in two ways as a
 * whole; with `too-many` one of more entries than `maxEntries`. Entries are refused one by one.
 * @param {RandomAccess} source
 * @param {number} [maxEntries]
 * @returns {Promise<import("./file-tree.js").FileTree>}
 */
export async function openZip(source, maxEntries = MAX_ENTRIES) {
  const reader = new ZipReader(new RandomAccessReader(source), {
    useWebWorkers: false,
    // Names are checked here, so that each gets a refusal of its own.
    filenameValidation: "tolerant",
    decodeText: decodeName,
  });
  const entries = await readDirectory(reader, maxEntries);
  const { files, refused } = checkEntries(entries);
  return {
    files,
    refused,
    close: async () => {
      await reader.close();
      await source.close();
    },
  };
}

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

/**
 * @param {ZipReader<unknown>} reader
 * @param {number} maxEntries
 * @returns {Promise<FileEntry[]>}
 */
async function readDirectory(reader, maxEntries) {
  /** @type {FileEntry[]} */
  const entries = [];
  try {
    for await (const entry of reader.getEntriesGenerator()) {
      if (entries.length === maxEntries) {
        const message = `The ZIP has more files than the ${maxEntries} that can be read.`;
        throw new TransferError("too-many", message);
      }
      if (!entry.directory) entries.push(/** @type {FileEntry} */ (entry));
    }
  } catch (error) {
    if (error instanceof TransferError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TransferError("malformed", `The ZIP cannot be read: ${reason}.`, { cause: error });
  }
  return entries;
}

/** @param {FileEntry[]} entries */
function checkEntries(entries) {
  const counts = new Map();
  for (const { filename } of entries) counts.set(filename, (counts.get(filename) ?? 0) + 1);
  const overlapping = findOverlapping(entries);
  /** @type {Map<string, TreeFile>} */
  const files = new Map();
  /** @type {RefusedFile[]} */
  const refused = [];
  for (const entry of entries) {
    const { filename: name } = entry;
    if (counts.get(name) > 1) {
      refused.push(refuseFile(name, "duplicate", "the ZIP has several files of this name"));
    } else if (overlapping.has(entry)) {
      refused.push(refuseFile(name, "overlapping", "it shares bytes with another file"));
    } else {
      const refusal = refuseEntry(entry);
      if (refusal) refused.push(refusal);
      else files.set(name, toFile(entry));
    }
  }
  return { files, refused };
}

/** Entries whose bytes are also those of another. @param {FileEntry[]} entries */
function findOverlapping(entries) {
  const sorted = entries.toSorted((a, b) => a.offset - b.offset);
  /** @type {Set<FileEntry>} */
  const overlapping = new Set();
  /** @type {FileEntry | undefined} */
  let last;
  for (const entry of sorted) {
    if (last !== undefined && entry.offset < endOf(last)) overlapping.add(last).add(entry);
    if (last === undefined || endOf(entry) > endOf(last)) last = entry;
  }
  return overlapping;
}

/** @param {FileEntry} entry */
const endOf = ({ offset, rawFilename, compressedSize }) =>
  offset + LOCAL_HEADER_BYTES + rawFilename.byteLength + compressedSize;

/** @param {FileEntry} entry @returns {RefusedFile | null} */
function refuseEntry({ filename: name, symlink, encrypted, uncompressedSize, compressedSize }) {
  const problem = nameProblem(name);
  if (problem !== null) return refuseFile(name, "bad-name", problem);
  if (symlink) return refuseFile(name, "link", "it is a symbolic link");
  if (encrypted) return refuseFile(name, "encrypted", "it is encrypted");
  const isBomb =
    uncompressedSize > MAX_SMALL_BYTES && uncompressedSize > compressedSize * MAX_RATIO;
  if (isBomb) return refuseFile(name, "bomb", "it is compressed more than any document would be");
  return null;
}

/** @param {FileEntry} entry @returns {TreeFile} */
function toFile(entry) {
  const { filename: name, uncompressedSize: length, lastModDate } = entry;
  const modified = lastModDate.getTime();
  return {
    name,
    length,
    modified: Number.isNaN(modified) ? null : modified,
    open: async () => {
      const { readable, writable } = new TransformStream();
      const options = { checkCrc32: true, checkAmbiguity: true, useWebWorkers: false };
      const isWritten = entry.getData(writable, options);
      return checked(readable, isWritten, name, length);
    },
  };
}

/**
 * The bytes of an entry. Fails with `damaged` if they do not have the length or the checksum that the
 * ZIP says, before more than that length has passed.
 * @param {ReadableStream<Uint8Array>} readable
 * @param {Promise<unknown>} isWritten
 * @param {string} name
 * @param {number} length
 * @returns {ReadableStream<Uint8Array>}
 */
function checked(readable, isWritten, name, length) {
  // A failure does not always end the stream.
  const failure = isWritten.then(() => new Promise(() => {}));
  failure.catch(() => {});
  const check = async function* () {
    let missing = length;
    try {
      const chunks = chunksOf(readable);
      for (;;) {
        const { done, value: chunk } = await Promise.race([chunks.next(), failure]);
        if (done) break;
        missing -= chunk.byteLength;
        if (missing < 0) throw new Error("it is longer than the ZIP says");
        yield chunk;
      }
      await isWritten;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TransferError("damaged", `${name} is damaged: ${reason}.`, { cause: error });
    }
    if (missing !== 0) throw new TransferError("damaged", `${name} is shorter than the ZIP says.`);
  };
  return streamOf(check());
}
