/** The files of a folder on this computer, as an import reads them. */

import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { nameProblem, refuseFile } from "../../transfer/sources/file-tree.js";
import { TEMPORARY_SUFFIX } from "./files.js";

/**
 * Reads the names of all files below a folder. Links are refused, since they may lead out of it.
 * @param {string} folder
 * @returns {Promise<import("../../transfer/sources/file-tree.js").FileTree>}
 */
export async function readFolder(folder) {
  /** @type {import("../../transfer/sources/file-tree.js").FileTree} */
  const tree = { files: new Map(), refused: [], close: async () => {} };
  await addFolder(tree, folder, "");
  return tree;
}

/**
 * @param {import("../../transfer/sources/file-tree.js").FileTree} tree
 * @param {string} folder
 * @param {string} below
 */
async function addFolder(tree, folder, below) {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below + entry.name;
    const problem = nameProblem(name);
    if (entry.name.endsWith(TEMPORARY_SUFFIX)) continue;
    if (entry.isSymbolicLink())
      tree.refused.push(refuseFile(name, "link", "it is a symbolic link"));
    else if (entry.isDirectory()) await addFolder(tree, folder, `${name}/`);
    else if (!entry.isFile())
      tree.refused.push(refuseFile(name, "special", "it is no ordinary file"));
    // Node replaces what is no UTF-8; there is no file of the name that it gives then.
    else if (problem !== null || name.includes("\ufffd")) {
      tree.refused.push(refuseFile(name, "bad-name", problem ?? "its name is no UTF-8"));
    } else tree.files.set(name, await toFile(join(folder, name), name));
  }
}

/** @param {string} file @param {string} name */
async function toFile(file, name) {
  const { size, mtimeMs } = await stat(file);
  const openFile = async () =>
    /** @type {ReadableStream<Uint8Array>} */ (Readable.toWeb(createReadStream(file)));
  return { name, length: size, modified: mtimeMs, open: openFile };
}

/**
 * A file that can be read anywhere.
 * @param {string} file
 * @returns {Promise<import("../../transfer/sources/zip-tree.js").RandomAccess>}
 */
export async function openRandomAccess(file) {
  const handle = await open(file, "r");
  const { size } = await handle.stat();
  return {
    size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}
