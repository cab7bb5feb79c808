/** Files by their names, in a ZIP or a folder: what the sources of an import read. */

import { TransferError } from "../requests.js";

/**
 * A file that can be read, or the reason why it cannot.
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
 * @typedef {object} FileTree
 * @property {Map<string, TreeFile>} files sorted as they are stored
 * @property {RefusedFile[]} refused
 * @property {() => Promise<void>} close
 */

/**
 * Why a name cannot be that of a document; null if it can.
 * @param {string} name
 * @returns {string | null}
 */
export function nameProblem(name) {
  if (name === "") return "it has no name";
  if (name.includes("\0")) return "its name has a null character";
  if (/^[/\\]|^[A-Za-z]:[/\\]/.test(name)) return "its name is an absolute path";
  const names = name.split(/[/\\]/);
  if (names.includes("..")) return "its name leads out of the archive";
  if (name.split("/").some((part) => part === "" || part === "."))
    return "its name has an empty part";
  return null;
}

/**
 * @param {string} name
 * @param {string} code
 * @param {string} reason
 * @returns {RefusedFile}
 */
export const refuseFile = (name, code, reason) => ({
  name,
  refusal: new TransferError(code, `${name} is refused: ${reason}.`),
});
