/** Files that macOS and Windows add to folders and archives. An import leaves them out, unless a list names them as documents. */

import { chunksOf } from "../streams.js";

/** Whatever else is in a ZIP of the Finder, what it shows of folders, and the same of Windows. */
const SYSTEM_NAMES = [
  /(?:^|\/)__MACOSX\//,
  /(?:^|\/)\.DS_Store$/,
  /(?:^|\/)(?:Thumbs\.db|desktop\.ini)$/i,
];

/** An AppleDouble file, which has what a disk of another system cannot keep of the file "x", is called "._x": RFC 1740 §5. */
const APPLE_DOUBLE_NAME = /(?:^|\/)\._[^/]+$/;
const APPLE_DOUBLE_MAGIC = [0x00, 0x05, 0x16, 0x07];

/** @typedef {import("./file-tree.js").TreeFile} TreeFile */
/** @typedef {import("./file-tree.js").RefusedFile} RefusedFile */
/** @typedef {{path: string, isSystemFile: true}} SystemFile `path`: what it is called in the source */

/** Whether its name alone may be that of a file that a system has added. @param {string} name */
export const isSystemName = (name) =>
  APPLE_DOUBLE_NAME.test(name) || SYSTEM_NAMES.some((pattern) => pattern.test(name));

/**
 * A file as one that a system has added; null if it is none. One called "._x" is read: anybody may have given it that name.
 * @param {TreeFile | RefusedFile} file
 * @returns {Promise<SystemFile | null>}
 */
export async function asSystemFile(file) {
  const { name } = file;
  const isOne =
    SYSTEM_NAMES.some((pattern) => pattern.test(name)) ||
    (APPLE_DOUBLE_NAME.test(name) && !("refusal" in file) && (await isAppleDouble(file)));
  return isOne ? { path: name, isSystemFile: true } : null;
}

/** @param {TreeFile} file */
async function isAppleDouble({ open }) {
  /** @type {number[]} */
  const start = [];
  try {
    for await (const chunk of chunksOf(await open())) {
      start.push(...chunk.subarray(0, APPLE_DOUBLE_MAGIC.length));
      if (start.length >= APPLE_DOUBLE_MAGIC.length) break;
    }
  } catch {
    // A damaged one is refused as such when it is imported.
  }
  return APPLE_DOUBLE_MAGIC.every((byte, index) => start[index] === byte);
}
