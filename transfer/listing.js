/** Folder descriptions of every draft, and the facts of documents as servers write them. */

/**
 * An item of a folder. Servers of old drafts know only its ETag.
 * @typedef {object} FolderItem
 * @property {string} name without a slash
 * @property {boolean} isFolder
 * @property {string} etag without quotes
 * @property {string | null} type
 * @property {number | null} length
 * @property {number | null} modified milliseconds since 1970
 */

/**
 * Parses a folder description (§4); also the map of names and ETags of the first drafts. Returns null
 * if it is neither.
 * @param {string} text
 * @returns {FolderItem[] | null}
 */
export function parseListing(text) {
  /** @type {unknown} */
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isMap(body)) return null;
  const { items = body["@context"] === undefined ? body : {} } = body;
  if (!isMap(items)) return null;
  return Object.entries(items).flatMap(([name, facts]) => {
    const description = isMap(facts) ? facts : { ETag: facts };
    const item = parseItem(name, description);
    return item === null ? [] : [item];
  });
}

/**
 * @param {string} listed
 * @param {Record<string, unknown>} description
 * @returns {FolderItem | null} null if no document can have this name
 */
function parseItem(listed, description) {
  const isFolder = listed.endsWith("/");
  const name = isFolder ? listed.slice(0, -1) : listed;
  if (name === "" || name === "." || name === ".." || /[/\0]/.test(name)) return null;
  const { ETag, "Content-Type": type, "Content-Length": length } = description;
  return {
    name,
    isFolder,
    etag: bareETag(String(ETag)) ?? "",
    type: typeof type === "string" ? type : null,
    length: Number.isSafeInteger(Number(length ?? Number.NaN)) ? Number(length) : null,
    modified: parseTime(description["Last-Modified"]),
  };
}

/** A time in milliseconds since 1970; null if it is none. @param {unknown} text such as an HTTP date */
export function parseTime(text) {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** An ETag without quotes; a proxy that compresses makes it weak. @param {string | null} etag */
export const bareETag = (etag) => etag?.replace(/^(?:W\/)?"(.*)"$/, "$1") ?? null;

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
