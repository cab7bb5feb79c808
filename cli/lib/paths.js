/** Paths of a storage as people type them. */

import { TransferError } from "../../transfer/requests.js";

/**
 * A path with a slash at its start; those of folders end with one. Refuses with `malformed` what no
 * document and no folder can have as its path.
 * @param {string} typed such as notes/a.txt
 */
export function parsePath(typed) {
  const path = typed.startsWith("/") ? typed : `/${typed}`;
  const names = path.slice(1).replace(/\/$/, "").split("/");
  // What a script leaves out must not mean the root, all of which `rm -r` would delete.
  const isRoot = typed === "/";
  if (!isRoot && names.some((name) => ["", ".", ".."].includes(name) || name.includes("\0"))) {
    throw new TransferError("malformed", `"${typed}" is no path of a document or folder.`);
  }
  return path;
}

/** @param {string} path */
export const isFolderPath = (path) => path.endsWith("/");
