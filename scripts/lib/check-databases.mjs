/** Checks that the SQLite databases of a data folder are intact, without changing a byte. */

import { createHash, createHmac } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CommandError } from "./command.mjs";
import { DATABASE } from "./worker-config.mjs";

const D1_CLASS = "miniflare-D1DatabaseObject";

/** Larger databases are opened but not read completely: that would delay every start. */
const MAX_FULL_CHECK_BYTES = 64 * 1024 * 1024;

const SQLITE_HEADER = "SQLite format 3\0";

/** The file of the index, the D1 database. */
export const indexFile = (root) =>
  join(root, "d1", D1_CLASS, `${objectId(D1_CLASS, DATABASE)}.sqlite`);

/**
 * Checks all databases. Throws a CommandError if one is damaged or not writable, or if there are
 * documents but no index (the D1 database).
 * @param {string} root the folder in which Miniflare stores its resources
 * @returns {string[]} names of the migrations that were applied to the index
 */
export function checkDatabases(root) {
  const damagedError = (file, reason) =>
    new CommandError(
      `The data in ${root} is damaged (${relative(root, file)}: ${reason.replace(/\s+/g, " ")}): restore it from a backup, or choose another folder with --data.`,
    );
  const index = indexFile(root);
  let applied = null;
  for (const file of listDatabases(root)) {
    try {
      accessSync(file, constants.R_OK | constants.W_OK);
      if (file.startsWith(join(root, "do"))) checkHeader(file);
      else checkDatabase(file);
      if (file === index) applied = readAppliedMigrations(file);
    } catch (error) {
      throw error.code === "EACCES" ? unwritableError(file) : damagedError(file, error.message);
    }
  }
  if (applied === null && hasDocuments(root)) {
    throw damagedError(index, "the index is missing or empty, but there are documents");
  }
  return applied ?? [];
}

const unwritableError = (file) =>
  new CommandError(`The data file ${file} is not writable: change its permissions or its owner.`);

function listDatabases(root) {
  return ["d1", "r2", "do"].flatMap((kind) =>
    listFiles(join(root, kind), 2).filter((file) => file.endsWith(".sqlite")),
  );
}

/** Whether there are bodies in R2 or Durable Objects, both of which need an account in the index. */
function hasDocuments(root) {
  return (
    listFiles(join(root, "r2"), 3).some((file) => /[/\\]blobs[/\\]/.test(file)) ||
    listFiles(join(root, "do"), 2).some((file) => /[0-9a-f]{64}\.sqlite$/.test(file))
  );
}

function listFiles(folder, depth) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return depth > 1 ? listFiles(path, depth - 1) : [];
  });
}

/** For the files of Durable Objects, of which each user has one: too many to read them completely. */
function checkHeader(file) {
  const header = Buffer.alloc(SQLITE_HEADER.length);
  const descriptor = openSync(file);
  const length = readSync(descriptor, header);
  closeSync(descriptor);
  // An empty file is an empty database: the server was killed right after creating it.
  if (length > 0 && header.toString("latin1") !== SQLITE_HEADER) {
    throw new Error("file is not a database");
  }
}

function checkDatabase(file) {
  readUnchanged(file, (database) => {
    database.prepare("SELECT count(*) FROM sqlite_master").get();
    if (statSync(file).size > MAX_FULL_CHECK_BYTES) return;
    const { quick_check: result } = database.prepare("PRAGMA quick_check(1)").get();
    if (result !== "ok") throw new Error(result);
  });
}

/** @returns {string[] | null} null if the index is empty */
function readAppliedMigrations(file) {
  return readUnchanged(file, (database) => {
    const table = "SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'";
    if (!database.prepare(table).get()) return null;
    return database
      .prepare("SELECT name FROM d1_migrations ORDER BY id")
      .all()
      .map(({ name }) => name);
  });
}

/** Reads a database. SQLite writes to its -wal and -shm files even when reading; restores them. */
function readUnchanged(file, read) {
  const sideFiles = [`${file}-wal`, `${file}-shm`].map((path) => ({
    path,
    content: existsSync(path) ? readFileSync(path) : null,
  }));
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
    for (const { path, content } of sideFiles) restore(path, content);
  }
}

function restore(path, content) {
  if (content === null) rmSync(path, { force: true });
  else if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content);
}

/** The id of a Durable Object, which names its file, derived from its name as Miniflare does. */
function objectId(uniqueKey, name) {
  const key = createHash("sha256").update(uniqueKey).digest();
  const sign = (data) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const nameHmac = sign(name);
  return Buffer.concat([nameHmac, sign(nameHmac)]).toString("hex");
}
