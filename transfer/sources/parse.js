/** What sources say of documents, checked: it may come from anywhere. */

import { TransferError } from "../requests.js";
import { readBytes } from "../streams.js";

/** Lists of another format are read into memory. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** @typedef {import("./file-tree.js").TreeFile} TreeFile */

/**
 * Whether a document can have this path.
 * @param {unknown} path
 * @returns {path is string}
 */
export const isDocumentPath = (path) =>
  typeof path === "string" &&
  path.startsWith("/") &&
  path
    .slice(1)
    .split("/")
    .every((name) => !["", ".", ".."].includes(name) && !name.includes("\0"));

/**
 * Whether a request can carry this Content-Type.
 * @param {unknown} type
 * @returns {type is string}
 */
export const isContentType = (type) => typeof type === "string" && /^[\t\x20-\x7e]+$/.test(type);

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export const isMap = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {string} text @returns {unknown} undefined if it is no JSON */
export function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON of a file; undefined if it is none. @param {TreeFile} file @returns {Promise<unknown>} */
export const readJson = async (file) => parseJson(await readText(file));

/** The text of a file. @param {TreeFile} file */
export async function readText({ open }) {
  return new TextDecoder().decode(await readBytes(await open(), MAX_JSON_BYTES));
}

/**
 * @param {string} path
 * @param {string} code
 * @param {string} reason
 */
export const refuseDocument = (path, code, reason) => ({
  path,
  refusal: new TransferError(code, `${path} is refused: ${reason}.`),
});
