/** The files of a ZIP, by random access. What could be read in two ways, or harm, is refused. */

import { TransferError } from "../requests.js";
import { streamOf } from "../streams.js";
import { FileList, refuseFile, refuseName } from "./file-tree.js";
import { ZipDirectory } from "./zip-directory.js";

/** A file that is larger than this many times its compressed bytes is a bomb, unless it is small. */
const MAX_RATIO = 200;
const MAX_SMALL_BYTES = 10_000_000;

/** A local header without the name. */
const LOCAL_HEADER_BYTES = 30;

const DUPLICATE = { code: "duplicate", reason: "the ZIP has several files of this name" };
const OVERLAPPING = { code: "overlapping", reason: "it shares bytes with another file" };
const LINK = { code: "link", reason: "it is a symbolic link" };
const ENCRYPTED = { code: "encrypted", reason: "it is encrypted" };
const BOMB = { code: "bomb", reason: "it is compressed more than any document would be" };
const CHANGED = { code: "damaged", reason: "the ZIP is not as it was before" };

/** @typedef {import("./file-tree.js").TreeFile} TreeFile */
/** @typedef {import("./file-tree.js").Reason} Reason */
/** @typedef {import("./zip-directory.js").RandomAccess} RandomAccess */
/** @typedef {import("@zip.js/zip.js").FileEntry} FileEntry */

/**
 * Opens a ZIP. Refuses with `malformed` what is none, or is cut off, or could be read in two ways as a
 * whole; with `too-many` one whose directory is longer than `maxDirectoryBytes`. Entries are refused one by one.
 * @param {RandomAccess} source
 * @param {number} [maxDirectoryBytes]
 * @returns {Promise<import("./file-tree.js").FileTree>}
 */
export async function openZip(source, maxDirectoryBytes) {
  const directory = new ZipDirectory(source, maxDirectoryBytes);
  /** @type {number[]} the place of each file in the directory */
  const numbers = [];
  /** @type {number[]} where its bytes begin */
  const starts = [];
  /** @type {number[]} and where they end */
  const ends = [];
  const tree = new FileList(
    async (index, name) => {
      const { entry, offset } = await directory.entryAt(/** @type {number} */ (numbers[index]));
      if (entry.filename === name && offset === starts[index]) return toFile(entry);
      throw refuseFile(name, CHANGED).refusal;
    },
    () => source.close(),
  );
  for await (const { entry, number } of directory.entries()) {
    const { filename: name, offset } = entry;
    const first = tree.indexOf(name);
    const index = tree.add(name, refuseEntry(entry));
    numbers.push(number);
    starts.push(offset);
    ends.push(endOf(entry));
    if (first === -1) continue;
    tree.refuse(first, DUPLICATE);
    tree.refuse(index, DUPLICATE);
  }
  for (const index of findOverlapping(starts, ends)) tree.refuse(index, OVERLAPPING);
  return tree;
}

/**
 * Files whose bytes are also those of another.
 * @param {number[]} starts
 * @param {number[]} ends
 * @returns {Generator<number>}
 */
function* findOverlapping(starts, ends) {
  const startOf = (/** @type {number} */ index) => /** @type {number} */ (starts[index]);
  const endOf = (/** @type {number} */ index) => /** @type {number} */ (ends[index]);
  const sorted = Uint32Array.from(starts.keys()).sort((a, b) => startOf(a) - startOf(b));
  let last = -1;
  for (const index of sorted) {
    if (last !== -1 && startOf(index) < endOf(last)) yield* [last, index];
    if (last === -1 || endOf(index) > endOf(last)) last = index;
  }
}

/** @param {FileEntry} entry */
const endOf = ({ offset, rawFilename, compressedSize }) =>
  offset + LOCAL_HEADER_BYTES + rawFilename.byteLength + compressedSize;

/** @param {FileEntry} entry @returns {Reason | null} */
function refuseEntry({ filename, symlink, encrypted, uncompressedSize, compressedSize }) {
  const badName = refuseName(filename);
  if (badName !== null) return badName;
  if (symlink) return LINK;
  if (encrypted) return ENCRYPTED;
  const isBomb =
    uncompressedSize > MAX_SMALL_BYTES && uncompressedSize > compressedSize * MAX_RATIO;
  return isBomb ? BOMB : null;
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
  const reader = readable.getReader();
  // A failure does not always end the stream. To race each chunk against it would keep all of them in memory.
  isWritten.catch((error) => reader.cancel(error)).catch(() => {});
  const check = async function* () {
    let missing = length;
    try {
      for (;;) {
        const { done, value: chunk } = await reader.read();
        if (done) break;
        missing -= chunk.byteLength;
        if (missing < 0) throw new Error("it is longer than the ZIP says");
        yield chunk;
      }
      await isWritten;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new TransferError("damaged", `${name} is damaged: ${reason}.`, { cause: error });
    } finally {
      await reader.cancel().catch(() => {});
    }
    if (missing !== 0) throw new TransferError("damaged", `${name} is shorter than the ZIP says.`);
  };
  return streamOf(check());
}
