/** What is in the folder and in the storage now. */

import { escapeName, unescapeName } from "../../transfer/archive/names.js";
import { digestOf } from "../../transfer/digest.js";
import { TransferError } from "../../transfer/requests.js";
import { chunksOf } from "../../transfer/streams.js";
import { walk } from "../../transfer/walk.js";
import { readFolder } from "../lib/folder-tree.js";
import { isOwnFile } from "./state.js";

/** File systems take so many bytes. */
const MAX_NAME_BYTES = 255;

/** @typedef {import("../../transfer/sources/file-tree.js").TreeFile} TreeFile */
/** @typedef {import("../../transfer/sources/file-tree.js").RefusedFile} RefusedFile */
/** @typedef {{path: string, error: TransferError}} LeftOut a file or folder of this computer that is not read */
/** @typedef {{digest: string, length: number, modified: number}} LocalFile */

/**
 * The file of a document, relative to the folder. Refuses with `bad-name` what cannot be a file.
 * @param {string} path relative to the folder of the storage
 */
export function fileOf(path) {
  const names = path.split("/").map(escapeName);
  const file = names.join("/");
  if (isOwnFile(file) || names.some((name) => Buffer.byteLength(name) > MAX_NAME_BYTES)) {
    throw new TransferError("bad-name", `${path}: no file can have its name.`);
  }
  return file;
}

/**
 * Whether a document's file, or a folder that contains it, was left out: then nobody knows whether it was
 * deleted.
 * @param {LeftOut[]} leftOut
 * @param {string} path
 */
export function isLeftOut(leftOut, path) {
  const file = path.split("/").map(escapeName).join("/");
  return leftOut.some((other) => file === other.path || file.startsWith(`${other.path}/`));
}

/**
 * Reads the files of a folder. A file is only read through if it is not as it was after the last sync.
 * @param {string} local
 * @param {Map<string, import("./state.js").SyncedDocument>} state
 * @returns {Promise<{files: Map<string, LocalFile>, leftOut: LeftOut[]}>}
 */
export async function scanFolder(local, state) {
  const tree = await readFolder(local);
  /** @type {LeftOut[]} */
  const leftOut = [];
  /** @type {Map<string, LocalFile>} */
  const files = new Map();
  for (let index = 0; index < tree.size; index++) {
    const name = tree.nameAt(index);
    const refusal = tree.refusalAt(index);
    if (refusal !== null) leftOut.push({ path: name, error: refusal });
    if (refusal !== null || isOwnFile(name)) continue;
    const path = name.split("/").map(unescapeName).join("/");
    const escaped = path.split("/").map(escapeName).join("/");
    if (escaped !== name) {
      const message = `${name}: no document has a file of this name. Rename it, for example to ${escaped}.`;
      const error = new TransferError("bad-name", message);
      leftOut.push({ path: name, error });
      continue;
    }
    const file = await scanFile(await tree.fileAt(index), state.get(path));
    if (file instanceof TransferError) leftOut.push({ path: name, error: file });
    else files.set(path, file);
  }
  return { files, leftOut };
}

/**
 * @param {TreeFile | RefusedFile} file
 * @param {import("./state.js").SyncedDocument | undefined} before
 * @returns {Promise<LocalFile | TransferError>}
 */
async function scanFile(file, before) {
  if ("refusal" in file) return file.refusal;
  const { length, open } = file;
  const modified = /** @type {number} */ (file.modified);
  if (before?.length === length && before.modified === modified) {
    return { digest: before.digest, length, modified };
  }
  try {
    const { digest } = await digestOf(chunksOf(await open()));
    return { digest, length, modified };
  } catch (error) {
    if (!(error instanceof TransferError)) throw error;
    return error;
  }
}

/**
 * Lists the documents of a folder of the storage. Fails if any part cannot be read: what is not seen must
 * not be taken for deleted.
 * @param {import("../../transfer/walk.js").Listable} storage
 * @param {string} folder
 * @returns {Promise<Map<string, import("../../transfer/listing.js").FolderItem>>} by the paths below it
 */
export async function scanStorage(storage, folder) {
  const documents = new Map();
  for await (const step of walk(storage, [folder])) {
    if (step.kind === "failure") throw step.error;
    if (step.kind === "document") documents.set(step.path.slice(folder.length), step.item);
  }
  return documents;
}
