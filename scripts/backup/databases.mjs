/** Copies of SQLite databases, each as it was at one moment, also while a server writes to it. */

import { copyFileSync, existsSync, linkSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { hashFile } from "./hash.mjs";
import { listDatabases, RESOURCES } from "./layout.mjs";

/**
 * Copies all databases of a data folder, in the order of `listDatabases`. One that has not changed since the
 * earlier backup is linked to it instead.
 * @param {string} data
 * @param {string} target folder
 * @param {{folder: string, files: import("./layout.mjs").Manifest["files"]} | null} earlier
 * @returns {Promise<import("./layout.mjs").Manifest["files"]>}
 */
export async function copyDatabases(data, target, earlier) {
  const files = {};
  for (const path of listDatabases(data)) {
    const source = join(data, RESOURCES, path);
    const copy = join(target, path);
    mkdirSync(dirname(copy), { recursive: true });
    // Before the copy: a change during it makes the next backup copy it again.
    const state = stateOf(source);
    const known = earlier?.files[path];
    if (known?.state === state) linkOrCopy(join(earlier.folder, path), copy);
    else await copyDatabase(source, copy);
    files[path] = { state, sha256: known?.state === state ? known.sha256 : await hashFile(copy) };
  }
  return files;
}

/** Size and time of a database and of its log of writes. */
const stateOf = (file) =>
  [file, `${file}-wal`]
    .filter((path) => existsSync(path))
    .map((path) => statSync(path))
    .map(({ size, mtimeMs }) => `${size} ${mtimeMs}`)
    .join(", ");

async function copyDatabase(source, copy) {
  const database = new DatabaseSync(source, { readOnly: true, timeout: 10_000 });
  try {
    // All pages in one step, so that a write in between does not start it again.
    await backup(database, copy, { rate: 2 ** 31 - 1 });
  } finally {
    database.close();
  }
}

function linkOrCopy(from, to) {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
