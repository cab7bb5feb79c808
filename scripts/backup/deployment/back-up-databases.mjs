/**
 * The RxDB databases in the backup of a deployment: `databases-....jsonl` has a line for each module, with its collections
 * and the names of their files. A collection that has not changed keeps its file.
 */

import { createWriteStream, existsSync, globSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { labelOf } from "../../../transfer/databases/client.js";
import { TransferError } from "../../../transfer/requests.js";
import { withProgress } from "../progress.mjs";
import { attachmentPath, collectionPath, downloadCollection, linesOf } from "./collection-file.mjs";
import { inParallel } from "./in-parallel.mjs";
import { withProvider } from "./provider.mjs";

/** A collection may be removed while it is read: then the module is listed again. */
const MAX_ATTEMPTS = 3;

/** @typedef {import("./provider.mjs").Provider} Provider */
/** @typedef {import("./read-index.mjs").ModuleName} ModuleName */
/** @typedef {import("./collection-file.mjs").StoredCollection} StoredCollection */

/** A module in a backup. @typedef {ModuleName & {collections: StoredCollection[]}} StoredModule */

/**
 * Downloads the databases of modules, and writes the list of them.
 * @param {Provider} provider
 * @param {ModuleName[]} modules
 * @param {string} folder of the backup
 * @param {string} list file in it
 * @param {string | undefined} earlier list of the earlier backup
 * @returns {Promise<{collections: number, missing: number, unread: string[]}>} `missing`: modules whose accounts have
 *   been deleted meanwhile; `unread`: modules and collections that could not be read, and what the backup has of them
 */
export function downloadDatabases(provider, modules, folder, list, earlier) {
  return withProvider(async () => {
    const known = await knownCollections(folder, earlier);
    const listed = [];
    const stored = [];
    const unread = [];
    let missing = 0;
    await inParallel(modules, async (name) => {
      const collections = await unlessUnreadable(provider, () => provider.list(name));
      if (collections === UNREADABLE) {
        const kept = [...known.values()]
          .filter((one) => isOf(one, name))
          .map(({ stored }) => stored);
        stored.push({ ...name, collections: kept });
        unread.push(sentenceOf(name, `databases/${name.module}`, kept.length > 0));
      } else if (collections === null) missing++;
      else listed.push({ name, collections });
    });
    const bytes = listed.flatMap(({ collections }) => collections).reduce(addBytes, 0);
    await withProgress(bytes, (advance) =>
      inParallel(listed, async ({ name, collections }) => {
        const result = await downloadModule(provider, name, collections, folder, known);
        stored.push({ ...name, collections: result.stored });
        unread.push(...result.unread);
        advance(collections.reduce(addBytes, 0));
      }),
    );
    const lines = stored.map((module) => `${JSON.stringify(module)}\n`);
    await pipeline(Readable.from(lines), createWriteStream(join(folder, list)));
    const count = stored.reduce((sum, { collections }) => sum + collections.length, 0);
    return { collections: count, missing, unread };
  });
}

const addBytes = (sum, { bytes }) => sum + bytes;

const isOf = ({ account, module }, name) => account === name.account && module === name.module;

const sentenceOf = ({ user }, label, isKept) =>
  `${user}: ${label} (${isKept ? "the copy of the earlier backup is kept" : "left out"})`;

/**
 * Refusals that concern one module or collection alone: the others are saved, so that no user makes all backups fail.
 */
const OF_ONE = ["malformed", "too-large", "damaged", "unavailable"];

const UNREADABLE = Symbol("unreadable");

/**
 * Reads a module or a collection; `UNREADABLE` if that alone cannot be read. If the provider is not available at all, no
 * other module is either: then that is thrown.
 * @template T
 * @param {Provider} provider
 * @param {() => Promise<T>} read
 */
async function unlessUnreadable(provider, read) {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof TransferError) || !OF_ONE.includes(error.code)) throw error;
    await provider.isEmpty();
    return UNREADABLE;
  }
}

/** Downloads what is not known of a module. Of a collection that cannot be read the earlier backup's copy is kept. */
async function downloadModule(provider, name, listed, folder, known) {
  let collections = listed;
  for (let attempt = 1; ; attempt++) {
    const stored = [];
    const unread = [];
    for (const collection of collections) {
      const found = await downloadUnlessKnown(provider, name, collection, folder, known);
      if (found !== null) stored.push({ ...collection, ...found });
      else unread.push({ module: name.module, ...collection });
    }
    if (unread.length > 0 && attempt < MAX_ATTEMPTS) {
      const again = await unlessUnreadable(provider, () => provider.list(name));
      if (again !== UNREADABLE) {
        collections = again ?? [];
        continue;
      }
    }
    const earlier = (collection) => known.get(identityOf(name.account, collection))?.stored;
    const kept = unread.map(earlier).filter((collection) => collection !== undefined);
    const lines = unread.map((collection) =>
      sentenceOf(name, labelOf(collection), earlier(collection) !== undefined),
    );
    return { stored: [...stored, ...kept], unread: lines };
  }
}

/** @returns {Promise<Pick<StoredCollection, "file" | "sha256" | "attachments"> | null>} */
async function downloadUnlessKnown(provider, name, listed, folder, known) {
  const { account, module } = name;
  const collection = { module, ...listed };
  const file = collectionPath(account, collection);
  const earlier = known.get(identityOf(account, collection))?.stored;
  if (earlier?.file === file) {
    return { file, sha256: earlier.sha256, attachments: earlier.attachments };
  }
  const client = provider.databasesOf(name);
  const found = await unlessUnreadable(provider, () =>
    downloadCollection(client, collection, folder, file, earlier?.file),
  );
  return found === null || found === UNREADABLE ? null : { file, ...found };
}

/** The collections of the earlier backup whose files are there, by their identity. */
async function knownCollections(folder, list) {
  const known = new Map();
  if (list === undefined) return known;
  for await (const { account, module, collections } of readModules(join(folder, list))) {
    for (const collection of collections) {
      if (!filesOf(collection).every((path) => existsSync(join(folder, path)))) continue;
      const identity = identityOf(account, { module, ...collection });
      known.set(identity, { account, module, stored: collection });
    }
  }
  return known;
}

/** A collection that was removed and created again is another one: the first part of its state is its id. */
const identityOf = (account, { module, database, collection, version, state }) =>
  JSON.stringify([account, module, database, collection, version, state.split("-")[0]]);

/**
 * Reads a list of modules.
 * @param {string} file
 * @returns {AsyncGenerator<StoredModule>}
 */
export async function* readModules(file) {
  for await (const line of linesOf(file)) yield JSON.parse(line);
}

/**
 * Deletes the files of databases that a list does not name.
 * @param {string} folder
 * @param {string | undefined} list
 */
export async function deleteOtherDatabases(folder, list) {
  const needed = new Set([list]);
  if (list !== undefined) {
    for await (const { collections } of readModules(join(folder, list))) {
      for (const collection of collections) {
        for (const path of filesOf(collection)) needed.add(path);
      }
    }
  }
  const patterns = ["databases-*.jsonl", "databases/*/*", "attachments/*/*"];
  for (const path of globSync(patterns, { cwd: folder })) {
    if (!needed.has(path)) rmSync(join(folder, path));
  }
}

/** The files of a collection, by their paths in the backup. @param {StoredCollection} collection */
export const filesOf = ({ file, attachments }) => [file, ...attachments.map(attachmentPath)];
