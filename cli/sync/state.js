/** How a folder and its storage were after the last sync: a file in the folder. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { TransferError } from "../../transfer/requests.js";
import { replaceFile } from "../lib/files.js";

const STATE_FILE = ".satchel-sync.json";

/** Where files go whose documents were deleted. */
export const TRASH = ".satchel-trash";

/** The version that is written, and the only one that is read. */
const VERSION = 1;

/**
 * A document and its file when they were equal. `length` and `modified` are the file's: as long as they are the same, it
 * is not read again.
 * @typedef {{etag: string, digest: string, length: number, modified: number}} SyncedDocument
 */

/** @typedef {{root: string, folder: string}} Remote */

/** Whether a file is one of the sync's own. @param {string} name relative to the folder */
export const isOwnFile = (name) => name === STATE_FILE || name.startsWith(`${TRASH}/`);

/**
 * Loads the state; nothing before the first sync. Refuses with `other-storage` if the folder belongs to another
 * storage or folder of it, with `damaged` what cannot be read.
 * @param {string} local
 * @param {Remote} remote
 * @returns {Promise<Map<string, SyncedDocument>>}
 */
export async function loadState(local, { root, folder }) {
  const file = join(local, STATE_FILE);
  const text = await readFile(file, "utf8").catch((error) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return new Map();
  const state = parseJson(text);
  if (state === null) {
    const message = `${file} is damaged: delete it. The next sync then compares everything, and deletes nothing.`;
    throw new TransferError("damaged", message);
  }
  if (state.version !== VERSION) {
    throw new TransferError("unknown-format", `${file} is of another version of satchel.`);
  }
  if (state.root !== root || state.folder !== folder) {
    const message = `${local} belongs to ${state.root}${state.folder}: use another folder.`;
    throw new TransferError("other-storage", message);
  }
  return new Map(Object.entries(state.documents));
}

/**
 * @param {string} local
 * @param {Remote} remote
 * @param {Map<string, SyncedDocument>} documents
 */
export function saveState(local, { root, folder }, documents) {
  const state = { version: VERSION, root, folder, documents: Object.fromEntries(documents) };
  return replaceFile(join(local, STATE_FILE), `${JSON.stringify(state)}\n`);
}

/** @param {string} text @returns {any} null if it is no JSON */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
