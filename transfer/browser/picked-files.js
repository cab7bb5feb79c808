/** The files that a user has picked, as the sources of an import read them. */

import { TransferError } from "../requests.js";
import { FileList, refuseName } from "../sources/file-tree.js";
import { openZip } from "../sources/zip-tree.js";
import { chunksOf, streamOf } from "../streams.js";

/** @typedef {import("../sources/file-tree.js").FileTree} FileTree */

/** A ZIP, of which only what is needed is read. @param {File} file @returns {Promise<FileTree>} */
export const openZipFile = (file) =>
  openZip({
    size: file.size,
    read: async (offset, length) =>
      new Uint8Array(await readable(file.name, file.slice(offset, offset + length).arrayBuffer())),
    close: async () => {},
  });

/** The files of a folder, by their names in it. @param {File[]} files @returns {FileTree} */
export function openFolder(files) {
  const tree = new FileList(async (index, name) => {
    const file = /** @type {File} */ (files[index]);
    const open = async () => streamOf(readChunks(file, name));
    return { name, length: file.size, modified: file.lastModified, open };
  });
  for (const { webkitRelativePath: path } of files) {
    // The first name is that of the folder itself.
    const name = path.slice(path.indexOf("/") + 1);
    tree.add(name, refuseName(name));
  }
  return tree;
}

/** @param {File} file @param {string} name */
async function* readChunks(file, name) {
  const chunks = chunksOf(file.stream());
  for (;;) {
    const { done, value } = await readable(name, chunks.next());
    if (done) return;
    yield value;
  }
}

/**
 * Refuses with `unreadable` if the file is not there any more, or is another by now.
 * @template T
 * @param {string} name
 * @param {Promise<T>} reading
 * @returns {Promise<T>}
 */
const readable = (name, reading) =>
  reading.catch((cause) => {
    throw new TransferError("unreadable", `${name} cannot be read.`, { cause });
  });
