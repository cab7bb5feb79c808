/** Restores RxDB databases from the backup of a deployment, while the provider has no accounts yet. */

import { join } from "node:path";
import { importDatabases } from "../../../transfer/databases/import.js";
import { hashFile } from "../hash.mjs";
import { withProgress } from "../progress.mjs";
import { readModules } from "./back-up-databases.mjs";
import { attachmentPath, readStoredCollection } from "./collection-file.mjs";
import { inParallel } from "./in-parallel.mjs";
import { withProvider } from "./provider.mjs";

/**
 * Compares the files of databases with their checksums.
 * @param {string} folder of the backup
 * @param {string} list file in it
 * @returns {Promise<{modules: import("./back-up-databases.mjs").StoredModule[], damaged: string | null}>} `damaged`: the
 *   first file that is not as it was
 */
export async function checkStoredDatabases(folder, list) {
  const modules = await Array.fromAsync(readModules(join(folder, list)));
  const isIntact = async (path, sha256) =>
    (await hashFile(join(folder, path)).catch(() => null)) === sha256;
  for (const { collections } of modules) {
    for (const { file, sha256, attachments } of collections) {
      if (!(await isIntact(file, sha256))) return { modules, damaged: file };
      for (const attachment of attachments) {
        const path = attachmentPath(attachment);
        if (!(await isIntact(path, attachment))) return { modules, damaged: path };
      }
    }
  }
  return { modules, damaged: null };
}

/**
 * Restores the databases of modules, each as a whole: what an interrupted restore has left is erased first.
 * @param {import("./provider.mjs").Provider} provider
 * @param {import("./back-up-databases.mjs").StoredModule[]} modules
 * @param {string} folder of the backup
 * @returns {Promise<string[]>} why some of it was refused
 */
export function restoreDatabases(provider, modules, folder) {
  return withProvider(async () => {
    const refused = [];
    const bytes = modules
      .flatMap(({ collections }) => collections)
      .reduce((sum, collection) => sum + collection.bytes, 0);
    await withProgress(bytes, (advance) =>
      inParallel(modules, async (module) => {
        await provider.erase(module);
        for (const collection of module.collections) {
          refused.push(...(await restoreCollection(provider, module, collection, folder)));
          advance(collection.bytes);
        }
      }),
    );
    return refused;
  });
}

async function restoreCollection(provider, module, { file, ...name }, folder) {
  const collection = { ...name, module: module.module };
  const entries = readStoredCollection(collection, folder, file);
  const client = provider.databasesOf(module);
  const refused = [];
  for await (const { path, outcome, error } of importDatabases(entries, client, {
    onConflict: "replace",
  })) {
    if (outcome === "refused") refused.push(`${module.user}: ${path}: ${error.message}`);
  }
  return refused;
}
