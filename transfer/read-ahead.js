/** What an import compares and writes, read many documents at once where servers offer that: docs/batch.md. */

import { batchReaderOf } from "./batch.js";
import { concurrently } from "./concurrently.js";
import { mayBeEqual } from "./content.js";
import { digestBytes } from "./digest.js";
import { inGroups } from "./groups.js";
import { TransferError } from "./requests.js";

/** Short documents that are looked at together, and how long they may be for it. */
const GROUP = { maxItems: 100, maxBytes: 1024 * 1024 };
const MAX_SHORT_BYTES = 512 * 1024;

/** One group is read while the documents of another are compared and written. */
const GROUPS_AHEAD = 2;

const CONCURRENT_LISTINGS = 6;

/** @typedef {import("./sources/source.js").SourceItem} SourceItem */
/** @typedef {import("./sources/source.js").SourceDocument} SourceDocument */
/** @typedef {import("./target.js").Target} Target */
/** @typedef {import("./batch.js").BatchReader} BatchReader */

/**
 * What is known of the storage before a document is compared.
 * @typedef {object} Known
 * @property {import("./listing.js").FolderItem | null} [item] what its folder lists; null: nothing; undefined: nobody has
 *   asked, or there was no answer
 * @property {import("./content.js").StoredContent} [stored] the document that is there, if it was read
 */

/** @typedef {{document: SourceItem, known: Known}} ReadAhead */

/**
 * The documents of a source in their order, with what is known of the storage by then. Whatever cannot be read ahead, for whatever
 * reason, is left to be asked for later.
 * @param {AsyncIterable<SourceItem>} documents
 * @param {Target} target
 * @param {import("./import.js").ImportOptions} options
 * @returns {AsyncGenerator<ReadAhead>}
 */
export async function* readAhead(documents, target, options) {
  const batch = batchReaderOf(target.storage);
  const read = (/** @type {SourceItem[]} */ group) => readGroup(group, target, batch, options);
  const groups = concurrently(inGroups(documents, GROUP, shortLength), GROUPS_AHEAD, read);
  for await (const group of groups) yield* group;
}

/** Its length, null if it is not short. @param {SourceItem} document */
function shortLength(document) {
  if (!isDocument(document)) return 0;
  const { length } = document;
  return length !== null && length <= MAX_SHORT_BYTES ? length : null;
}

/** @param {SourceItem} document @returns {document is SourceDocument} */
const isDocument = (document) => "open" in document;

/**
 * @param {SourceItem[]} group
 * @param {Target} target
 * @param {BatchReader | null} batch of the target
 * @param {import("./import.js").ImportOptions} options
 * @returns {Promise<ReadAhead[]>}
 */
async function readGroup(group, target, batch, options) {
  const [first] = group.filter(isDocument);
  const sourceBatch = first?.batch ?? null;
  if (group.length === 1 || (batch === null && sourceBatch === null)) {
    return group.map((document) => ({ document, known: {} }));
  }
  /** @type {{document: SourceItem, item: Known["item"]}[]} */
  const found = [];
  const find = async (/** @type {SourceItem} */ document) => ({
    document,
    item: isDocument(document) ? await findItem(target, document.path) : undefined,
  });
  for await (const one of concurrently(group, CONCURRENT_LISTINGS, find)) found.push(one);
  /** @param {(document: SourceDocument, item: Known["item"]) => boolean} isWanted */
  const pathsOf = (isWanted) =>
    found.flatMap(({ document, item }) =>
      isDocument(document) && isWanted(document, item) ? [document.path] : [],
    );
  const [stored, ours] = await Promise.all([
    readMany(
      batch,
      pathsOf((document, item) => isCompared(document, item, options)),
    ),
    readMany(
      sourceBatch,
      pathsOf((document, item) => isRead(document, item, options)),
    ),
  ]);
  return found.map(({ document, item }) => {
    const { type, bytes } = stored.get(document.path) ?? {};
    return {
      document: isDocument(document) ? withBytes(document, ours.get(document.path)) : document,
      known: {
        item,
        ...(type && bytes ? { stored: { type, digest: digestBytes(bytes) } } : {}),
      },
    };
  });
}

/** @param {Target} target @param {string} path @returns {Promise<Known["item"]>} */
async function findItem(target, path) {
  try {
    return await target.find(path);
  } catch (error) {
    if (error instanceof TransferError) return undefined;
    throw error;
  }
}

/**
 * Whether the bytes of the document that is there have to be known.
 * @param {SourceDocument} document
 * @param {Known["item"]} item
 * @param {import("./import.js").ImportOptions} options
 */
const isCompared = (document, item, { known }) =>
  Boolean(item) &&
  !isKnownToBeEqual(document, /** @type {any} */ (item), known) &&
  mayBeEqual(document, /** @type {any} */ (item));

/**
 * Whether the bytes of the document of the source have to be known: to compare it, or to write it.
 * @param {SourceDocument} document
 * @param {Known["item"]} item
 * @param {import("./import.js").ImportOptions} options
 */
function isRead(document, item, options) {
  if (item === undefined) return false;
  if (item === null) return !options.isDryRun;
  if (isKnownToBeEqual(document, item, options.known)) return false;
  return mayBeEqual(document, item) || (options.onConflict !== "keep" && !options.isDryRun);
}

/**
 * Whether both documents are in the versions that were equal before.
 * @param {SourceDocument} document
 * @param {import("./listing.js").FolderItem} item
 * @param {import("./import.js").ImportOptions["known"]} known
 */
export function isKnownToBeEqual({ path, etag }, item, known) {
  const before = known?.(path);
  return before !== undefined && before.source === etag && before.target === item.etag;
}

/**
 * @param {BatchReader | null} batch
 * @param {string[]} paths
 * @returns {Promise<Map<string, import("./batch.js").ReadDocument | null>>}
 */
const readMany = async (batch, paths) =>
  batch !== null && paths.length > 1 ? batch.read(paths) : new Map();

/**
 * A document with the bytes that were read of it, if these are the ones that were listed.
 * @param {SourceDocument} document
 * @param {import("./batch.js").ReadDocument | null | undefined} found
 * @returns {SourceDocument}
 */
function withBytes(document, found) {
  const isListed = found?.etag === document.etag && found?.bytes.byteLength === document.length;
  if (!found || !isListed) return document;
  return { ...document, open: async () => new Blob([found.bytes]).stream() };
}
