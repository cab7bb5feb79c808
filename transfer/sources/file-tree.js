/** Files by their names, in a ZIP or a folder: what the sources of an import read. */

import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { TransferError } from "../requests.js";

/**
 * @typedef {object} TreeFile
 * @property {string} name such as "a/b.txt"
 * @property {number} length bytes
 * @property {number | null} modified milliseconds since 1970
 * @property {() => Promise<ReadableStream<Uint8Array>>} open the stream fails if the file is damaged
 */

/**
 * @typedef {object} RefusedFile
 * @property {string} name
 * @property {TransferError} refusal
 */

/**
 * Files, numbered as they are stored. A file becomes an object when it is asked for, so that a million of them fit into memory.
 * @typedef {object} FileTree
 * @property {number} size
 * @property {(index: number) => string} nameAt
 * @property {(name: string) => number} indexOf -1: there is no file of this name
 * @property {(index: number) => TransferError | null} refusalAt why the file is not read, as far as its name and place say it
 * @property {(index: number) => Promise<TreeFile | RefusedFile>} fileAt
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Reason why a file is refused
 * @property {string} code
 * @property {string} reason "... is refused: it is a symbolic link."
 */

/**
 * A tree of files that are added one by one.
 * @implements {FileTree}
 */
export class FileList {
  /** @type {string[]} */
  #names = [];
  /** @type {Map<string, number>} */
  #indexes = new Map();
  /** @type {Map<number, Reason>} */
  #reasons = new Map();

  /**
   * @param {(index: number, name: string) => Promise<TreeFile>} load may refuse a file with a TransferError
   * @param {() => Promise<void>} [close]
   */
  constructor(load, close = async () => {}) {
    this.load = load;
    this.close = close;
  }

  /** @param {string} name @param {Reason | null} [reason] why it is refused */
  add(name, reason = null) {
    const index = this.#names.push(name) - 1;
    const first = this.#indexes.get(name);
    if (first === undefined) this.#indexes.set(name, index);
    if (reason !== null) this.refuse(index, reason);
    return index;
  }

  /** Refuses a file, unless it is refused already. @param {number} index @param {Reason} reason */
  refuse(index, reason) {
    if (!this.#reasons.has(index)) this.#reasons.set(index, reason);
  }

  get size() {
    return this.#names.length;
  }

  /** @param {number} index */
  nameAt(index) {
    return /** @type {string} */ (this.#names[index]);
  }

  /** @param {string} name the first file of it counts */
  indexOf(name) {
    return this.#indexes.get(name) ?? -1;
  }

  /** @param {number} index */
  refusalAt(index) {
    const reason = this.#reasons.get(index);
    return reason === undefined ? null : refuseFile(this.nameAt(index), reason).refusal;
  }

  /** @param {number} index */
  async fileAt(index) {
    const name = this.nameAt(index);
    const refusal = this.refusalAt(index);
    if (refusal !== null) return { name, refusal };
    try {
      return await this.load(index, name);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      return { name, refusal: error };
    }
  }
}

/**
 * A file by its name; null if there is none. Throws why it is refused.
 * @param {FileTree} tree
 * @param {string} name
 */
export async function findFile(tree, name) {
  const index = tree.indexOf(name);
  if (index === -1) return null;
  const file = await tree.fileAt(index);
  if ("refusal" in file) throw file.refusal;
  return file;
}

/** Which files of a tree have been read. */
export class Marks {
  /** @param {FileTree} tree */
  constructor({ size }) {
    this.marks = new Uint8Array(size);
  }

  /** Marks a file. False if there is none, or if it is marked already. @param {number} index */
  add(index) {
    const isNew = this.marks[index] === 0;
    if (isNew) this.marks[index] = 1;
    return isNew;
  }

  /** @param {number} index */
  has(index) {
    return this.marks[index] === 1;
  }

  /** The files that are not marked. @returns {Generator<number>} */
  *rest() {
    for (let index = 0; index < this.marks.length; index++) if (!this.has(index)) yield index;
  }
}

const DIGEST_BYTES = 32;

/** The SHA-256 of files of a tree, as bytes: strings would need seven times the memory. */
export class FileDigests {
  /** @param {FileTree} tree */
  constructor(tree) {
    this.known = new Marks(tree);
    this.bytes = new Uint8Array(tree.size * DIGEST_BYTES);
  }

  /** @param {number} index -1 is left out @param {string} digest in hexadecimal */
  set(index, digest) {
    if (index === -1) return;
    this.known.add(index);
    this.bytes.set(hexToBytes(digest), index * DIGEST_BYTES);
  }

  /** @param {number} index @returns {string | null} in hexadecimal */
  get(index) {
    const start = index * DIGEST_BYTES;
    return this.known.has(index)
      ? bytesToHex(this.bytes.subarray(start, start + DIGEST_BYTES))
      : null;
  }
}

/**
 * Why a name cannot be that of a document; null if it can.
 * @param {string} name
 * @returns {Reason | null}
 */
export function refuseName(name) {
  const reason = nameProblem(name);
  return reason === null ? null : { code: "bad-name", reason };
}

/** @param {string} name @returns {string | null} */
function nameProblem(name) {
  if (name === "") return "it has no name";
  if (name.includes("\0")) return "its name has a null character";
  if (/^[/\\]|^[A-Za-z]:[/\\]/.test(name)) return "its name is an absolute path";
  const names = name.split(/[/\\]/);
  if (names.includes("..")) return "its name leads out of the archive";
  if (name.split("/").some((part) => part === "" || part === "."))
    return "its name has an empty part";
  return null;
}

/** @param {string} name @param {Reason} reason @returns {RefusedFile} */
export const refuseFile = (name, { code, reason }) => ({
  name,
  refusal: new TransferError(code, `${name} is refused: ${reason}.`),
});
