/** All documents of a storage, several at a time: the source of an export and of a move. */

import { batchReaderOf } from "./batch.js";
import { concurrently } from "./concurrently.js";
import { inGroups } from "./groups.js";
import { openDocument } from "./read-document.js";
import { TransferError } from "./requests.js";
import { readBytes } from "./streams.js";
import { walk } from "./walk.js";

/** Documents that are read ahead one by one, and how long they may be for it. */
const AHEAD = 8;
const MAX_AHEAD_BYTES = 512 * 1024;

/** Where many can be read at once: folders and documents of one group, and groups that are read ahead. */
const GROUP_STEPS = 100;
const GROUP_BYTES = 1024 * 1024;
const GROUPS_AHEAD = 3;

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
  const batch = batchReaderOf(storage);
  const [maxItems, ahead] = batch ? [GROUP_STEPS, GROUPS_AHEAD] : [1, AHEAD];
  /** @type {(() => Promise<ReadEntry[]>)[]} in the order of the walk */
  const pending = [];
  const limits = { maxItems, maxBytes: GROUP_BYTES };
  for await (const group of inGroups(stepsAfter(storage, folders, after), limits, shortLength)) {
    pending.push(readAhead(storage, batch, group));
    if (pending.length > ahead) yield* await /** @type {any} */ (pending.shift())();
  }
  for (const next of pending) yield* await next();
}

/** @typedef {import("./walk.js").FolderStep | import("./walk.js").DocumentStep | import("./walk.js").FailureStep} Step */

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {string[]} folders
 * @param {string | null} after
 */
async function* stepsAfter(storage, folders, after) {
  for await (const step of walk(storage, folders)) {
    if (after === null || isAfter(step.path, after, folders)) yield step;
  }
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

/** The bytes of a step; null: it is a document that is opened when its turn has come, because nobody knows that it is short. @param {Step} step */
function shortLength(step) {
  if (step.kind !== "document") return 0;
  const { length } = step.item;
  return length !== null && length <= MAX_AHEAD_BYTES ? length : null;
}

/**
 * Starts to read a group. A long document is opened when its turn has come.
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./batch.js").BatchReader | null} batch
 * @param {Step[]} group
 * @returns {() => Promise<ReadEntry[]>}
 */
function readAhead(storage, batch, group) {
  const [first] = group;
  if (first?.kind === "document" && shortLength(first) === null)
    return () => readOne(storage, first, false);
  const reading = readGroup(storage, batch, group);
  // It is awaited later; until then a failure is not unhandled.
  reading.catch(() => {});
  return () => reading;
}

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./batch.js").BatchReader | null} batch
 * @param {Step[]} group
 */
async function readGroup(storage, batch, group) {
  const paths = group.filter(({ kind }) => kind === "document").map(({ path }) => path);
  const found = batch && paths.length > 1 ? await batch.read(paths) : new Map();
  /** @param {Step} step @returns {Promise<ReadEntry[]>} */
  const read = async (step) => {
    if (step.kind !== "document") return [step];
    const document = found.get(step.path);
    if (document === undefined) return readOne(storage, step, true);
    return entriesOf(step, document && { ...document, body: new Blob([document.bytes]).stream() });
  };
  const entries = [];
  for await (const own of concurrently(group, AHEAD, read)) entries.push(...own);
  return entries;
}

/** Refusals that concern one document alone. */
const OF_THE_DOCUMENT = ["forbidden", "damaged", "changed", "unavailable", "refused"];

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./walk.js").DocumentStep} step
 * @param {boolean} isInMemory
 * @returns {Promise<ReadEntry[]>}
 */
async function readOne(storage, step, isInMemory) {
  const { path, item } = step;
  try {
    const opened = await openDocument(storage, path);
    if (opened === null) return entriesOf(step, null);
    // What was listed as short may have grown.
    const isShort = opened.length !== null && opened.length <= MAX_AHEAD_BYTES;
    const body = isInMemory && isShort ? await buffered(opened.body) : opened.body;
    return entriesOf(step, { ...opened, body });
  } catch (error) {
    if (!(error instanceof TransferError) || !OF_THE_DOCUMENT.includes(error.code)) throw error;
    return [
      { kind: "failure", path, error },
      { kind: "change", path, listed: item.etag, archived: null },
    ];
  }
}

/**
 * A document as it was opened (null: there is none any more), and how it differs from what was listed.
 * @param {import("./walk.js").DocumentStep} step
 * @param {import("./storage.js").StoredDocument | null} opened
 * @returns {ReadEntry[]}
 */
function entriesOf({ path, item }, opened) {
  if (opened === null) return [{ kind: "change", path, listed: item.etag, archived: null }];
  const { etag, type, body } = opened;
  const modified = opened.modified ?? item.modified;
  /** @type {ReadEntry} */
  const document = { kind: "document", path, type, etag, body, modified };
  if (etag === item.etag) return [document];
  return [document, { kind: "change", path, listed: item.etag, archived: etag }];
}

/** @param {ReadableStream<Uint8Array>} body */
async function buffered(body) {
  const bytes = await readBytes(body, MAX_AHEAD_BYTES);
  return new Blob([bytes]).stream();
}
