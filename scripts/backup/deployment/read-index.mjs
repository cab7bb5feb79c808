/** What a backup needs to know of an exported index. */

import { createReadStream } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { CommandError } from "../../lib/command.mjs";
import { splitStatements } from "./statements.mjs";

/** A module that has RxDB databases. @typedef {{account: string, user: string, module: string}} ModuleName */

const DOCUMENTS = "SELECT account, version FROM nodes WHERE type IS NOT NULL";

/** Of a deleted account everything is about to be erased. */
const MODULES = `SELECT account, accounts.name AS user, module FROM rxdb_modules JOIN accounts ON accounts.id = account
  WHERE deleted_at IS NULL ORDER BY account, module`;

const SIGNING_KEYS = "SELECT 1 FROM signing_keys LIMIT 1";

/**
 * Opens an exported index, which shows that it is complete. It is loaded statement by statement into a database on the
 * disk that SQLite deletes when it is closed, so its size does not matter. Throws a CommandError if it cannot be read.
 * @param {string} file
 * @returns {Promise<ExportedIndex>}
 */
export async function openIndex(file) {
  // Without a name, a database is a temporary file.
  const database = new DatabaseSync("", { enableForeignKeyConstraints: false });
  try {
    for await (const statement of splitStatements(createReadStream(file, "utf8"))) {
      database.exec(statement);
    }
    return new ExportedIndex(database);
  } catch (error) {
    database.close();
    throw new CommandError(`The exported index cannot be read: ${error.message}`);
  }
}

/** An exported index that is open. */
class ExportedIndex {
  #database;

  /** @param {DatabaseSync} database */
  constructor(database) {
    this.#database = database;
  }

  /**
   * How many documents there are, and how many of them have no body among these keys: <account>/<document>/<version>.
   * @param {Iterable<string>} keys
   */
  countDocuments(keys) {
    const versions = new Set();
    for (const key of keys) {
      const [account, , version] = key.split("/");
      versions.add(`${account}/${version}`);
    }
    const counts = { documents: 0, missing: 0 };
    for (const { account, version } of this.#database.prepare(DOCUMENTS).iterate()) {
      counts.documents++;
      if (!versions.has(`${account}/${version}`)) counts.missing++;
    }
    return counts;
  }

  /** @returns {ModuleName[]} by account */
  modules() {
    return this.#database.prepare(MODULES).all();
  }

  /** Whether access tokens are signed with a key of the index. */
  hasSigningKey() {
    return this.#database.prepare(SIGNING_KEYS).get() !== undefined;
  }

  close() {
    this.#database.close();
  }
}
