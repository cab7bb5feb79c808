/** Copies of SQLite databases, each as it was at one moment, also while a server writes to it. */

import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { CommandError } from "../lib/command.mjs";
import { hashFile } from "./hash.mjs";
import { listDatabases, RESOURCES } from "./layout.mjs";

/** Never the state of a database: the next backup looks at a damaged one again. */
const DAMAGED = "damaged";

/**
 * The databases of RxDB apps, of which an earlier copy is better than a damaged one. The objects of users remember what they have
 * begun, which an earlier copy would begin again.
 */
const MODULES = /^do[/\\][^/\\]*ModuleObject[/\\]/;
const OBJECTS = /^do[/\\]/;

/**
 * Copies all databases of a data folder, in the order of `listDatabases`. One that has not changed since the
 * earlier backup is linked to it instead. Of a damaged one of an object there is the earlier copy, or what can be copied, or nothing.
 * Throws a CommandError if another one is damaged: without it nothing else is of use.
 * @param {string} data
 * @param {string} target folder
 * @param {{folder: string, files: import("./layout.mjs").Manifest["files"]} | null} earlier
 * @returns {Promise<{files: import("./layout.mjs").Manifest["files"], damaged: string[]}>}
 */
export async function copyDatabases(data, target, earlier) {
  const files = {};
  const damaged = [];
  for (const path of listDatabases(data)) {
    const source = join(data, RESOURCES, path);
    const copy = join(target, path);
    mkdirSync(dirname(copy), { recursive: true });
    // Before the copy: a change during it makes the next backup copy it again.
    const state = stateOf(source);
    const known = earlier?.files[path];
    if (known?.state === state) {
      linkOrCopy(join(earlier.folder, path), copy);
      files[path] = known;
      continue;
    }
    const problem = await copyDatabase(source, copy);
    if (problem === null) {
      files[path] = { state, sha256: await hashFile(copy) };
      continue;
    }
    if (!OBJECTS.test(path)) {
      throw new CommandError(`${source} is damaged (${problem}). The backup was not changed.`);
    }
    if (known !== undefined && known.state !== DAMAGED && MODULES.test(path)) {
      rmSync(copy, { force: true });
      linkOrCopy(join(earlier.folder, path), copy);
      files[path] = known;
      damaged.push(`${source}: ${problem} (the earlier copy is kept)`);
    } else if (existsSync(copy)) {
      files[path] = { state: DAMAGED, sha256: await hashFile(copy) };
      damaged.push(`${source}: ${problem} (copied as far as it can be read)`);
    } else damaged.push(`${source}: ${problem} (left out)`);
  }
  return { files, damaged };
}

/** Size and time of a database and of its log of writes. */
const stateOf = (file) =>
  [file, `${file}-wal`]
    .filter((path) => existsSync(path))
    .map((path) => statSync(path))
    .map(({ size, mtimeMs }) => `${size} ${mtimeMs}`)
    .join(", ");

/** Copies a database as far as that is possible. Returns what is wrong with it, or null. */
async function copyDatabase(source, copy) {
  const database = new DatabaseSync(source, { readOnly: true, timeout: 10_000 });
  try {
    // All pages in one step, so that a write in between does not start it again.
    await backup(database, copy, { rate: 2 ** 31 - 1 });
    return checkCopy(copy);
  } catch (error) {
    if (!DAMAGES.includes(error.errcode)) throw error;
    rmSync(copy, { force: true });
    return error.message;
  } finally {
    database.close();
  }
}

/** What SQLite calls SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGES = [11, 26];

/** What is wrong with a copy, or null. */
function checkCopy(copy) {
  // Immutable: SQLite then writes no files beside it.
  const url = new URL(`${pathToFileURL(copy)}?immutable=1`);
  const database = new DatabaseSync(url, { readOnly: true });
  try {
    const { quick_check: result } = database.prepare("PRAGMA quick_check(1)").get();
    return result === "ok" ? null : result.replace(/\s+/g, " ");
  } catch (error) {
    return error.message;
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
