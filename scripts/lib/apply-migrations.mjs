/** Applies migrations to the local index, recorded as `wrangler d1 migrations apply` records them. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "./command.mjs";

/** Exactly what wrangler creates, so that each can continue where the other stopped. */
const CREATE_MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,
\t\tname       TEXT UNIQUE,
\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`;

/**
 * @param {string} folder
 * @returns {string[]} file names, in the order in which they are applied
 */
export function listMigrations(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort();
}

/**
 * Applies each missing migration in one batch with the row that records it: a kill leaves both or
 * neither. Throws a CommandError that names a migration that fails.
 * @param {import("@cloudflare/workers-types").D1Database} database
 * @param {string} folder
 */
export async function applyMigrations(database, folder) {
  await database.prepare(CREATE_MIGRATIONS_TABLE).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  for (const name of listMigrations(folder)) {
    if (!applied.has(name)) await applyMigration(database, folder, name);
  }
}

async function applyMigration(database, folder, name) {
  // One text of many statements: SQLite itself splits triggers and comments best. The last part must
  // be a statement and not a comment, which the INSERT is.
  const sql = `${readFileSync(join(folder, name), "utf8")}
INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}');`;
  try {
    await database.batch([database.prepare(sql)]);
  } catch (error) {
    throw new CommandError(`The migration ${name} failed: ${error.message.split("\n")[0]}`);
  }
}
