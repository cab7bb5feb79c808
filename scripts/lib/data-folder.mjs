/**
 * Opens the data folder of the local server: checks that it is writable, locks it, checks its databases,
 * and applies the migrations that are missing. A folder that is refused is left unchanged, byte by byte.
 */

import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { applyMigrationsToFile, listMigrations } from "./apply-migrations.mjs";
import { checkDatabases, indexFile } from "./check-databases.mjs";
import { CommandError } from "./command.mjs";

/** Where Miniflare and `wrangler dev --persist-to` store their resources in the data folder. */
const SUBFOLDER = "v3";

/** A server that was just killed may take a moment to release the lock. */
const LOCK_WAIT_MS = 500;

const SQLITE_BUSY = 5;

/**
 * Creates the data folder if it is missing, locks it until `release` is called or the process ends, and
 * migrates its index. Throws a CommandError if the folder cannot be used, or if a migration fails.
 * @param {string} folder
 * @param {string} migrations the folder with the migrations of this checkout
 * @returns {{path: string, release: () => void}} `path`: where Miniflare stores its resources
 */
export function openDataFolder(folder, migrations) {
  createFolder(folder);
  const lock = lockFolder(folder);
  const path = join(folder, SUBFOLDER);
  const missing = lock.undoIfRefused(() => findMissingMigrations(folder, path, migrations));
  try {
    if (missing.length > 0) applyMigrationsToFile(indexFile(path), migrations);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { path, release: lock.release };
}

/** Checks the databases. Returns the names of the migrations that were not applied yet. */
function findMissingMigrations(folder, path, migrations) {
  const applied = checkDatabases(path);
  const known = listMigrations(migrations);
  const unknown = applied.find((name) => !known.includes(name));
  if (unknown) {
    throw new CommandError(
      `The data in ${folder} was written by a newer version (migration ${unknown}): update this checkout, or choose another folder with --data.`,
    );
  }
  return known.filter((name) => !applied.includes(name));
}

function createFolder(folder) {
  try {
    createWithParents(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const isFile = existsSync(folder) && !statSync(folder).isDirectory();
    throw new CommandError(
      isFile
        ? `The data folder ${folder} is a file: choose a folder with --data.`
        : `The data folder ${folder} is not writable (${error.code}): change its permissions, or choose another with --data.`,
    );
  }
}

/** One folder at a time: a recursive mkdir never returns if a parent cannot be created (/proc). */
function createWithParents(folder) {
  if (existsSync(folder)) return;
  createWithParents(dirname(folder));
  mkdirSync(folder);
}

/**
 * Locks the folder with SQLite's lock on an empty file: the system releases it when the process ends,
 * and it also works between containers that share the folder.
 */
function lockFolder(folder) {
  const file = join(realpathSync(folder), "lock");
  const isNew = !existsSync(file);
  let database;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    throw new CommandError(
      error.errcode === SQLITE_BUSY
        ? `The data folder ${folder} is in use by another running server: stop it, or choose another folder with --data.`
        : `The data folder ${folder} cannot be locked (${error.message}): check its file "lock", or choose another folder with --data.`,
    );
  }
  const release = () => database.close();
  const undoIfRefused = (check) => {
    try {
      return check();
    } catch (error) {
      release();
      if (isNew) rmSync(file);
      throw error;
    }
  };
  return { release, undoIfRefused };
}
