/** All documents of a storage, several at a time: the source of an export and of a move. */

import { openDocument } from "./read-document.js";
import { TransferError } from "./requests.js";
import { readBytes } from "./streams.js";
import { walk } from "./walk.js";

/** Documents that are read ahead, and how long they may be for it. */
const AHEAD = 8;
const MAX_AHEAD_BYTES = 512 * 1024;

/** @typedef {{kind: "failure", path: string, error: TransferError}} ReadFailure */
/** @typedef {import("./archive/write.js").ArchiveEntry | ReadFailure} ReadEntry */

/** The folders of modules; of all if none is named. @param {string[]} modules */
export const foldersOf = (modules) =>
  modules.length === 0
    ? ["/"]
    : modules.map((module) => `/${module}/`).concat(modules.map((module) => `/public/${module}/`));

/**
 * Reads everything below folders, depth first. Each document is one of its versions, complete. A document that was
 * changed or deleted after it was listed is announced by a `change`; what cannot be read by a
 * `failure`. Fails with what concerns all documents, such as `unauthorized`.
 * @param {import("./storage.js").StorageClient} storage
 * @param {string[]} folders
 * @param {string | null} [after] the last document that was read before: what comes after it is read
 * @returns {AsyncGenerator<ReadEntry>}
 */
export async function* readStorage(storage, folders, after = null) {
  /** @type {(() => Promise<ReadEntry[]>)[]} in the order of the walk */
  const pending = [];
  for await (const step of walk(storage, folders)) {
    if (after !== null && !isAfter(step.path, after, folders)) continue;
    pending.push(step.kind === "document" ? readAhead(storage, step) : async () => [step]);
    if (pending.length > AHEAD) yield* await /** @type {any} */ (pending.shift())();
  }
  for (const next of pending) yield* await next();
}

/**
 * Whether a document comes after another one in a walk through folders, or a folder has any that do.
 * @param {string} path
 * @param {string} after
 * @param {string[]} folders
 */
function isAfter(path, after, folders) {
  const folderOf = (/** @type {string} */ one) =>
    folders.findIndex((folder) => one.startsWith(folder));
  if (folderOf(path) !== folderOf(after)) return folderOf(path) > folderOf(after);
  if (path.endsWith("/") && after.startsWith(path)) return true;
  const [names, afterNames] = [path.split("/"), after.split("/")];
  const index = names.findIndex((name, position) => name !== afterNames[position]);
  return index !== -1 && /** @type {string} */ (names[index]) > (afterNames[index] ?? "");
}

/**
 * Starts to read a document if it is short. A long one is opened when its turn has come.
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./walk.js").DocumentStep} step
 * @returns {() => Promise<ReadEntry[]>}
 */
function readAhead(storage, step) {
  const { length } = step.item;
  if (length === null || length > MAX_AHEAD_BYTES) return () => readOne(storage, step, false);
  const reading = readOne(storage, step, true);
  // It is awaited later; until then a failure is not unhandled.
  reading.catch(() => {});
  return () => reading;
}

/** Refusals that concern one document alone. */
const OF_THE_DOCUMENT = ["forbidden", "damaged", "changed", "unavailable", "refused"];

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./walk.js").DocumentStep} step
 * @param {boolean} isInMemory
 * @returns {Promise<ReadEntry[]>}
 */
async function readOne(storage, { path, item }, isInMemory) {
  try {
    const opened = await openDocument(storage, path);
    if (opened === null) return [{ kind: "change", path, listed: item.etag, archived: null }];
    // What was listed as short may have grown.
    const isShort = opened.length !== null && opened.length <= MAX_AHEAD_BYTES;
    const body = isInMemory && isShort ? await buffered(opened.body) : opened.body;
    const { etag, type, modified } = opened;
    /** @type {ReadEntry} */
    const document = {
      kind: "document",
      path,
      type,
      etag,
      body,
      modified: modified ?? item.modified,
    };
    if (etag === item.etag) return [document];
    return [document, { kind: "change", path, listed: item.etag, archived: etag }];
  } catch (error) {
    if (!(error instanceof TransferError) || !OF_THE_DOCUMENT.includes(error.code)) throw error;
    return [
      { kind: "failure", path, error },
      { kind: "change", path, listed: item.etag, archived: null },
    ];
  }
}

/** @param {ReadableStream<Uint8Array>} body */
async function buffered(body) {
  const bytes = await readBytes(body, MAX_AHEAD_BYTES);
  return new Blob([bytes]).stream();
}
