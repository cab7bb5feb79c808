/** The index of a deployment as SQL: D1's export and its import. */

import { createHash } from "node:crypto";
import { createWriteStream, openAsBlob } from "node:fs";
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
 * Imports such a file into a database: all of it, or nothing.
 * @param {any} account
 * @param {string} databaseId
 * @param {string} file
 * @param {string} before SQL that comes first
 */
export async function importIndex(account, databaseId, file, before) {
  // Neither is in memory as a whole.
  const sql = new Blob([before, await openAsBlob(file)]);
  const hash = createHash("md5");
  for await (const chunk of sql.stream()) hash.update(chunk);
  const etag = hash.digest("hex");
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
