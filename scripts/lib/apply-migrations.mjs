/** Applies migrations to the local index, recorded as `wrangler d1 migrations apply` records them. */

import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
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

const SELECT_APPLIED = "SELECT name FROM d1_migrations";

/**
 * Applies each missing migration in one batch with the row that records it: a kill leaves both or
 * neither. Throws a CommandError that names a migration that fails.
 * @param {import("@cloudflare/workers-types").D1Database} database
 * @param {string} folder
 */
export async function applyMigrations(database, folder) {
  await database.prepare(CREATE_MIGRATIONS_TABLE).run();
  const { results } = await database.prepare(SELECT_APPLIED).all();
  for (const name of missingMigrations(folder, results)) {
    try {
      await database.batch([database.prepare(recordedMigration(folder, name))]);
    } catch (error) {
      throw migrationError(name, error);
    }
  }
}

/**
 * The same for a database that no runtime has open, in its file, which is created if it is missing.
 * A runtime would have to be started for it, and once more to listen only afterwards.
 * @param {string} file
 * @param {string} folder
 */
export function applyMigrationsToFile(file, folder) {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  try {
    // As the runtime sets it.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;`);
    database.exec(CREATE_MIGRATIONS_TABLE);
    for (const name of missingMigrations(folder, database.prepare(SELECT_APPLIED).all())) {
      try {
        database.exec(`BEGIN IMMEDIATE; ${recordedMigration(folder, name)} COMMIT;`);
      } catch (error) {
        // Closing the database rolls back.
        throw migrationError(name, error);
      }
    }
  } finally {
    database.close();
  }
}

function missingMigrations(folder, applied) {
  const names = new Set(applied.map(({ name }) => name));
  return listMigrations(folder).filter((name) => !names.has(name));
}

/** One text of many statements: SQLite itself splits triggers and comments best. */
function recordedMigration(folder, name) {
  // The last part must be a statement and not a comment, which the INSERT is.
  return `${readFileSync(join(folder, name), "utf8")}
INSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}');`;
}

const migrationError = (name, { message }) =>
  new CommandError(`The migration ${name} failed: ${message.split("\n")[0]}`);
