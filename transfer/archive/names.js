/** File names for documents and folders: any name that remoteStorage allows, on any file system. Pure. */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

/** The listing of each folder, as rs-backup writes and reads it. */
export const FOLDER_DESCRIPTION = "000_folder-description.json";

/** File systems take so many bytes. */
const MAX_NAME_BYTES = 255;

/** What is kept of a longer name; the digest follows. */
const SHORTENED_BYTES = 200;

/** What begins the digest in a name that was shortened, or is equal to another on some systems. */
const DIGEST_MARK = "=~";
const DIGEST_DIGITS = 16;

/**
 * Characters that Windows refuses, "%", which tools for BagIt disagree on, and "=" where it would look
 * like an escape. At the end a dot or a space, which Windows drops.
 */
const ESCAPED_CHARACTERS = /[\p{Cc}"*:<>?\\|%]|=(?=[0-9A-F]{2}|~)|[. ]$/gu;

/** Names of Windows' devices, with any extension, and that of the listing. */
const RESERVED_NAMES =
  /^(?:(?:CON|PRN|AUX|NUL|COM\d|LPT\d)(?=\.|$)|000_folder-description\.json$)/i;

/**
 * Escapes a name: "=" and the two hexadecimal digits of each byte in UTF-8. Different names have different
 * escapes; ordinary names stay as they are.
 * @param {string} name
 */
export function escapeName(name) {
  const escaped = name.replace(ESCAPED_CHARACTERS, escapeCharacter);
  return RESERVED_NAMES.test(escaped) ? escaped.replace(/^./, escapeCharacter) : escaped;
}

/** @param {string} character */
const escapeCharacter = (character) =>
  Array.from(utf8ToBytes(character), (byte) => `=${toHex(byte)}`).join("");

/** @param {number} byte */
const toHex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");

/**
 * The name that an escaped one stands for. A name that was shortened stays short: the archive's list of
 * documents has the whole.
 * @param {string} file
 */
export function unescapeName(file) {
  const withoutDigest = file.replace(/=~[0-9a-f]{16}$/, "");
  return withoutDigest.replace(/(?:=[0-9A-F]{2})+/g, (escapes) => {
    const bytes = Uint8Array.from(escapes.slice(1).split("="), (hex) => Number.parseInt(hex, 16));
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return escapes;
    }
  });
}

/** @param {string} name */
export const digestMarkOf = (name) =>
  DIGEST_MARK + bytesToHex(sha256(utf8ToBytes(name))).slice(0, DIGEST_DIGITS);

/**
 * All names that a document or, with "/" as its kind, a folder may have got.
 * @param {string} name
 * @param {"" | "/"} kind
 */
export function possibleNames(name, kind) {
  const escaped = escapeName(name);
  return [escaped, shorten(escaped) + digestMarkOf(name + kind)];
}

/** Equal for names that some file system takes for the same. @param {string} name */
export const foldName = (name) => name.normalize("NFC").toUpperCase().normalize("NFC");

/**
 * An escaped name, cut off between two escapes or characters.
 * @param {string} escaped
 */
export function shorten(escaped) {
  let short = "";
  let bytes = 0;
  for (const [part] of escaped.matchAll(/(?:=[0-9A-F]{2})+|./gsu)) {
    bytes += utf8ToBytes(part).byteLength;
    if (bytes > SHORTENED_BYTES) break;
    short += part;
  }
  return short;
}

/** @typedef {{path: string, file: string, taken: Map<string, string>}} NamedFolder */

/**
 * Gives every document of a storage a file, such that no two have the same on any file system. Documents
 * have to come folder by folder, as `walk` reads them: only the names in the folders above are
 * remembered.
 */
export class FileNames {
  /** @type {NamedFolder[]} the root and the folders down to the last document */
  #open = [{ path: "/", file: "", taken: new Map() }];

  /**
   * The file of a document or folder: a relative path. That of a folder ends with a slash.
   * @param {string} path
   */
  fileFor(path) {
    while (!path.startsWith(this.#top.path)) this.#open.pop();
    let rest = path.slice(this.#top.path.length);
    for (let end = rest.indexOf("/"); end !== -1; end = rest.indexOf("/")) {
      const { path: parent, file } = this.#top;
      const name = this.#take(rest.slice(0, end), "/");
      const next = `${parent}${rest.slice(0, end)}/`;
      this.#open.push({ path: next, file: `${file}${name}/`, taken: new Map() });
      rest = rest.slice(end + 1);
    }
    return rest === "" ? this.#top.file : this.#top.file + this.#take(rest, "");
  }

  get #top() {
    return /** @type {NamedFolder} */ (this.#open.at(-1));
  }

  /**
   * @param {string} name
   * @param {string} kind "/" for a folder
   */
  #take(name, kind) {
    const { taken } = this.#top;
    const escaped = escapeName(name);
    const isTooLong = utf8ToBytes(escaped).byteLength > MAX_NAME_BYTES;
    const short = isTooLong ? shorten(escaped) + digestMarkOf(name + kind) : escaped;
    const owner = name + kind;
    const key = foldName(short);
    if ((taken.get(key) ?? owner) === owner) {
      taken.set(key, owner);
      return short;
    }
    const other = (isTooLong ? short : shorten(escaped)) + digestMarkOf(owner);
    taken.set(foldName(other), owner);
    return other;
  }
}
