/** Looks whether the databases of a data folder are whole, and leaves every byte as it was. */

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
import { DATABASE } from "./config.mjs";
import { Failure } from "./failure.mjs";

const D1_CLASS = "miniflare-D1DatabaseObject";

/** Larger databases are only opened, since reading all of them would delay every start. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024;

const SQLITE_HEADER = "SQLite format 3\0";

/**
 * The migrations that the index of this folder has. Throws a Failure when a database is damaged or
 * may not be written, or when there are documents and no index.
 * @param {string} root the folder that Miniflare keeps its resources in
 * @returns {string[]}
 */
export function inspect(root) {
  const damaged = (file, reason) =>
    new Failure(
      `The data in ${root} is damaged (${relative(root, file)}: ${reason.replace(/\s+/g, " ")}): restore it from a backup, or choose another folder with --data.`,
    );
  const index = join(root, "d1", D1_CLASS, `${objectId(D1_CLASS, DATABASE)}.sqlite`);
  let applied = null;
  for (const file of databasesIn(root)) {
    try {
      accessSync(file, constants.R_OK | constants.W_OK);
      if (file.startsWith(join(root, "do"))) checkHeader(file);
      else checkDatabase(file);
      if (file === index) applied = appliedMigrations(file);
    } catch (error) {
      throw error.code === "EACCES" ? unwritable(file) : damaged(file, error.message);
    }
  }
  if (applied === null && holdsDocuments(root)) {
    throw damaged(index, "the index is missing or empty although there are documents");
  }
  return applied ?? [];
}

const unwritable = (file) =>
  new Failure(`The data file ${file} cannot be written: change its permissions or its owner.`);

function databasesIn(root) {
  return ["d1", "r2", "do"].flatMap((kind) =>
    filesBelow(join(root, kind), 2).filter((file) => file.endsWith(".sqlite")),
  );
}

/** @returns {boolean} whether there are bodies, or objects of users, which come after an account */
function holdsDocuments(root) {
  return (
    filesBelow(join(root, "r2"), 3).some((file) => /[/\\]blobs[/\\]/.test(file)) ||
    filesBelow(join(root, "do"), 2).some((file) => /[0-9a-f]{64}\.sqlite$/.test(file))
  );
}

function filesBelow(folder, depth) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return depth > 1 ? filesBelow(path, depth - 1) : [];
  });
}

/** There is one such file per user: too many to read them all. */
function checkHeader(file) {
  const header = Buffer.alloc(SQLITE_HEADER.length);
  const descriptor = openSync(file);
  const length = readSync(descriptor, header);
  closeSync(descriptor);
  // An empty file is an empty database, left by a kill right after it was made.
  if (length > 0 && header.toString("latin1") !== SQLITE_HEADER) {
    throw new Error("file is not a database");
  }
}

function checkDatabase(file) {
  reading(file, (database) => {
    database.prepare("SELECT count(*) FROM sqlite_master").get();
    if (statSync(file).size > FULL_CHECK_BYTES) return;
    const { quick_check: result } = database.prepare("PRAGMA quick_check(1)").get();
    if (result !== "ok") throw new Error(result);
  });
}

/** @returns {string[] | null} null when the index is empty */
function appliedMigrations(file) {
  return reading(file, (database) => {
    const table = "SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'";
    if (!database.prepare(table).get()) return null;
    return database
      .prepare("SELECT name FROM d1_migrations ORDER BY id")
      .all()
      .map(({ name }) => name);
  });
}

/** Even a reader rewrites or makes the files beside a database: puts them back. */
function reading(file, read) {
  const beside = [`${file}-wal`, `${file}-shm`].map((path) => ({
    path,
    content: existsSync(path) ? readFileSync(path) : null,
  }));
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
    for (const { path, content } of beside) restore(path, content);
  }
}

function restore(path, content) {
  if (content === null) rmSync(path, { force: true });
  else if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content);
}

/** How Miniflare derives the id of a Durable Object, and so its file, from a name. */
function objectId(uniqueKey, name) {
  const key = createHash("sha256").update(uniqueKey).digest();
  const sign = (data) => createHmac("sha256", key).update(data).digest().subarray(0, 16);
  const nameHmac = sign(name);
  return Buffer.concat([nameHmac, sign(nameHmac)]).toString("hex");
}
