/** The index of a deployment as SQL: D1's export, its import, and what a backup needs to know of it. */

import { createHash } from "node:crypto";
import { createWriteStream, openAsBlob, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { CommandError } from "../../lib/command.mjs";

/** D1 answers a poll only after a while, or when something has happened. */
const POLL_PAUSE_MS = 200;

/** What D1 says of an import that has ended between two polls. */
const NOTHING_TO_IMPORT = "Not currently importing anything.";

/**
 * Exports the index to a file, as it is at one moment.
 * @param {any} account
 * @param {string} databaseId
 * @param {string} file
 */
export async function exportIndex(account, databaseId, file) {
  const { signed_url: url } = await pollDatabase((current_bookmark) =>
    account.exportDatabase(databaseId, { output_format: "polling", current_bookmark }),
  );
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new CommandError(`The export cannot be downloaded (status ${response.status}).`);
  }
  await pipeline(response.body, createWriteStream(file));
}

/**
 * Imports such a file into an empty database: all of it, or nothing.
 * @param {any} account
 * @param {string} databaseId
 * @param {string} file
 */
export async function importIndex(account, databaseId, file) {
  const sql = await openAsBlob(file);
  const etag = createHash("md5")
    .update(new Uint8Array(await sql.arrayBuffer()))
    .digest("hex");
  const { filename, upload_url: url } = await account.importDatabase(databaseId, {
    action: "init",
    etag,
  });
  if (url !== undefined) {
    const response = await fetch(url, { method: "PUT", body: sql });
    if (!response.ok || response.headers.get("etag")?.replaceAll('"', "") !== etag) {
      throw new CommandError(`The index cannot be uploaded (status ${response.status}).`);
    }
  }
  await pollDatabase((current_bookmark) =>
    account.importDatabase(
      databaseId,
      current_bookmark === undefined
        ? { action: "ingest", filename, etag }
        : { action: "poll", current_bookmark },
    ),
  );
}

/** Asks until D1 has done it. Returns its result. */
async function pollDatabase(ask) {
  for (let bookmark; ; ) {
    const { status, success, error, at_bookmark, result } = await ask(bookmark);
    if (status === "complete" || error === NOTHING_TO_IMPORT) return result;
    if (success === false || status === "error") throw new CommandError(`D1: ${error}`);
    bookmark = at_bookmark;
    await pause(POLL_PAUSE_MS);
  }
}

/**
 * Loads an exported index, which shows that it is complete, and asks it.
 * @param {string} file
 * @returns {{documents: {account: string, version: string}[], databases: number}} `databases`: how many modules have
 *   RxDB databases
 */
export function readIndex(file) {
  const database = new DatabaseSync(":memory:", { enableForeignKeyConstraints: false });
  try {
    database.exec(readFileSync(file, "utf8"));
    const documents = database
      .prepare("SELECT account, version FROM nodes WHERE type IS NOT NULL")
      .all();
    const { count } = database.prepare("SELECT count(*) AS count FROM rxdb_modules").get();
    return { documents, databases: count };
  } catch (error) {
    throw new CommandError(`The exported index cannot be read: ${error.message}`);
  } finally {
    database.close();
  }
}
