/** Applies migrations to the local index, with the bookkeeping of `wrangler d1 migrations apply`. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "./failure.mjs";

/** To the letter what wrangler creates, so that either goes on where the other stopped. */
const CREATE_BOOKKEEPING = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,
\t\tname       TEXT UNIQUE,
\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`;

/**
 * @param {string} folder
 * @returns {string[]} file names, in the order in which they apply
 */
export function listMigrations(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}

/**
 * Applies each migration that the database lacks, in one batch with the row that says so: a kill
 * leaves both or neither. Throws a Failure that names the migration that does not apply.
 * @param {import("@cloudflare/workers-types").D1Database} database
 * @param {string} folder
 */
export async function applyMigrations(database, folder) {
  await database.prepare(CREATE_BOOKKEEPING).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  for (const name of listMigrations(folder)) {
    if (!applied.has(name)) await applyMigration(database, folder, name);
  }
}

async function applyMigration(database, folder, name) {
  // One text of many statements, as SQLite itself splits triggers and comments best; what comes
  // last must be a statement, not a comment, and the row is one.
  const sql = `${readFileSync(join(folder, name), "utf8")}
INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}');`;
  try {
    await database.batch([database.prepare(sql)]);
  } catch (error) {
    throw new Failure(`The migration ${name} does not apply: ${error.message.split("\n")[0]}`);
  }
}
