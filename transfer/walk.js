/** Reads a whole storage, folder by folder: what an export and a move consist of. */

import { TransferError } from "./requests.js";

/** Deeper folders are not read: a server that lists loops would never end. */
const MAX_DEPTH = 100;

/** @typedef {import("./listing.js").FolderItem} FolderItem */

/** What a walk needs of a storage. @typedef {Pick<import("./storage.js").StorageClient, "list" | "head">} Listable */

/**
 * @typedef {{kind: "folder", path: string, etag: string | null}} FolderStep a folder; its documents and
 *   folders follow
 * @typedef {{kind: "document", path: string, item: FolderItem}} DocumentStep
 * @typedef {{kind: "failure", path: string, error: TransferError}} FailureStep a folder that cannot be
 *   read
 */

/**
 * Walks through folders, depth first, by the names in UTF-16 order: documents and folders of a folder
 * come in a row, so that nobody has to remember more than the folders above. A server that lists names
 * percent-encoded is understood.
 * @param {Listable} storage
 * @param {string[]} folders such as ["/"]
 * @returns {AsyncGenerator<FolderStep | DocumentStep | FailureStep>}
 */
export async function* walk(storage, folders) {
  for (const folder of folders) yield* walkFolder(storage, folder, 0);
}

/**
 * @param {Listable} storage
 * @param {string} path
 * @param {number} depth
 * @returns {AsyncGenerator<FolderStep | DocumentStep | FailureStep>}
 */
async function* walkFolder(storage, path, depth) {
  const listing = await attempt(async () => {
    if (depth > MAX_DEPTH) throw new TransferError("too-deep", `${path} is too deep.`);
    return listFolder(storage, path);
  });
  if (listing instanceof TransferError) {
    yield { kind: "failure", path, error: listing };
    return;
  }
  yield { kind: "folder", path, etag: listing.etag };
  for (const item of listing.items) {
    if (item.isFolder) yield* walkFolder(storage, `${path}${item.name}/`, depth + 1);
    else yield { kind: "document", path: path + item.name, item };
  }
}

/** Refusals that concern the folder alone; after any other there is no sense in going on. */
const OF_THE_FOLDER = ["forbidden", "malformed", "damaged", "too-deep", "too-large", "unavailable"];

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | TransferError>}
 */
async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TransferError && OF_THE_FOLDER.includes(error.code)) return error;
    throw error;
  }
}

/**
 * Lists a folder, by the names. armadietto lists the names of folders percent-encoded, and others those of documents: which of
 * the two names exists is found out once per folder and kind.
 * @param {Listable} storage
 * @param {string} path
 */
export async function listFolder(storage, path) {
  const { etag, items } = await storage.list(path);
  const folders = items.filter(({ isFolder }) => isFolder);
  const documents = items.filter(({ isFolder }) => !isFolder);
  const named = [
    await trueNames(storage, path, folders),
    await trueNames(storage, path, documents),
  ];
  return { etag, items: named.flat().sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/**
 * @param {Listable} storage
 * @param {string} path
 * @param {FolderItem[]} items of one kind
 */
async function trueNames(storage, path, items) {
  const sample = items.find(({ name }) => decoded(name) !== name);
  if (sample === undefined || (await exists(storage, path, sample))) return items;
  if (!(await exists(storage, path, { ...sample, name: decoded(sample.name) }))) return items;
  return items.map((item) => ({ ...item, name: decoded(item.name) }));
}

/**
 * @param {Listable} storage
 * @param {string} path
 * @param {FolderItem} item
 */
async function exists(storage, path, { name, isFolder }) {
  if (!isFolder) return (await storage.head(path + name)) !== null;
  return (await storage.list(`${path}${name}/`)).items.length > 0;
}

/** @param {string} name */
function decoded(name) {
  try {
    const text = decodeURIComponent(name);
    return /[/\0]/.test(text) ? name : text;
  } catch {
    return name;
  }
}
