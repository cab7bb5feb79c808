/**
 * The data folder, before the server touches it: may it be written, is it ours alone, is it whole,
 * and which migrations does it have? A folder that is refused stays as it was, byte by byte.
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
import { Failure } from "./failure.mjs";
import { inspect } from "./inspect.mjs";

/** Where Miniflare and `wrangler dev --persist-to` keep things, below the data folder. */
const LAYOUT = "v3";

/** A server that was just killed may need a moment to let go of the folder. */
const LOCK_WAIT_MS = 500;

const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process, until `release` or the end of the process, however it
 * ends. Throws a Failure when the folder cannot be used.
 * @param {string} folder
 * @param {string[]} known the migrations of this checkout
 * @returns {{path: string, applied: string[], release: () => void}} `path` is for Miniflare,
 *   `applied` are the migrations that the folder has
 */
export function openData(folder, known) {
  makeFolder(folder);
  const lock = takeLock(folder);
  try {
    const path = join(folder, LAYOUT);
    const applied = inspect(path);
    const unknown = applied.find((name) => !known.includes(name));
    if (unknown) {
      throw new Failure(
        `The data in ${folder} was written by a newer version (migration ${unknown}): update this checkout, or choose another folder with --data.`,
      );
    }
    return { path, applied, release: lock.release };
  } catch (error) {
    lock.undo();
    throw error;
  }
}

function makeFolder(folder) {
  try {
    makeWithParents(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const isFile = existsSync(folder) && !statSync(folder).isDirectory();
    throw new Failure(
      isFile
        ? `The data folder ${folder} is a file: choose a folder with --data.`
        : `The data folder ${folder} cannot be written (${error.code}): change its permissions, or choose another with --data.`,
    );
  }
}

/** One by one: mkdir with "recursive" never comes back where a parent cannot be made (/proc). */
function makeWithParents(folder) {
  if (existsSync(folder)) return;
  makeWithParents(dirname(folder));
  mkdirSync(folder);
}

/**
 * SQLite's own lock on an empty file: the system drops it with the process, and it holds between
 * containers that share the folder, too.
 */
function takeLock(folder) {
  const file = join(realpathSync(folder), "lock");
  const isNew = !existsSync(file);
  let database;
  try {
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    database?.close();
    throw new Failure(
      error.errcode === SQLITE_BUSY
        ? `The data folder ${folder} is used by another server that is running: stop that one, or choose another folder with --data.`
        : `The data folder ${folder} cannot be locked (${error.message}): check its file "lock", or choose another folder with --data.`,
    );
  }
  const release = () => database.close();
  const undo = () => {
    release();
    if (isNew) rmSync(file);
  };
  return { release, undo };
}
