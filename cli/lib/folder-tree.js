/** The files of a folder on this computer, as an import reads them. */

import { createReadStream } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { TransferError } from "../../transfer/requests.js";
import { FileList, refuseName } from "../../transfer/sources/file-tree.js";
import { chunksOf, streamOf } from "../../transfer/streams.js";
import { TEMPORARY_SUFFIX } from "./files.js";

const LINK = { code: "link", reason: "it is a symbolic link" };
const SPECIAL = { code: "special", reason: "it is no ordinary file" };
const UNREADABLE = { code: "unreadable", reason: "it cannot be read" };
const NO_UTF8 = { code: "bad-name", reason: "its name is no UTF-8" };

/** @typedef {import("../../transfer/sources/file-tree.js").TreeFile} TreeFile */

/**
 * Reads the names of all files below a folder. Links are refused, since they may lead out of it.
 * @param {string} folder
 * @returns {Promise<import("../../transfer/sources/file-tree.js").FileTree>}
 */
export async function readFolder(folder) {
  const tree = new FileList((_, name) => openFile(join(folder, name), name));
  await addFolder(tree, folder, "");
  return tree;
}

/**
 * @param {FileList} tree
 * @param {string} folder
 * @param {string} below
 */
async function addFolder(tree, folder, below) {
  const entries = await readdir(join(folder, below), { withFileTypes: true }).catch((error) => {
    if (below === "") throw error;
    tree.add(below.slice(0, -1), UNREADABLE);
    return [];
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below + entry.name;
    if (entry.name.endsWith(TEMPORARY_SUFFIX)) continue;
    if (entry.isDirectory()) await addFolder(tree, folder, `${name}/`);
    else tree.add(name, refuseEntry(entry, name));
  }
}

/**
 * @param {import("node:fs").Dirent} entry
 * @param {string} name
 */
function refuseEntry(entry, name) {
  if (entry.isSymbolicLink()) return LINK;
  if (!entry.isFile()) return SPECIAL;
  // Node replaces what is no UTF-8; there is no file of the name that it gives then.
  return refuseName(name) ?? (name.includes("\ufffd") ? NO_UTF8 : null);
}

/**
 * A file of a folder. Refuses with `unreadable` one that is not there any more, or may not be read.
 * @param {string} file
 * @param {string} name
 * @returns {Promise<TreeFile>}
 */
async function openFile(file, name) {
  const unreadable = (/** @type {any} */ cause) => {
    const { message } = cause;
    throw new TransferError("unreadable", `${name} cannot be read: ${message}.`, { cause });
  };
  const { size, mtimeMs } = await stat(file).catch(unreadable);
  async function* read() {
    try {
      yield* chunksOf(
        /** @type {ReadableStream<Uint8Array>} */ (Readable.toWeb(createReadStream(file))),
      );
    } catch (error) {
      unreadable(error);
    }
  }
  return { name, length: size, modified: mtimeMs, open: async () => streamOf(read()) };
}

/**
 * A file that can be read anywhere.
 * @param {string} file
 * @returns {Promise<import("../../transfer/sources/zip-directory.js").RandomAccess>}
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
