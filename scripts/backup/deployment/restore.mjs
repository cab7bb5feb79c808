/** Restores the backup of a deployment into an empty database and a bucket. */

import { openAsBlob } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../lib/command.mjs";
import { hashFile } from "../hash.mjs";
import { readManifest } from "../layout.mjs";
import { withProgress } from "../progress.mjs";
import { bodyFile, isBodyIntact, storedBodies } from "./bodies.mjs";
import { countMissing } from "./create.mjs";
import { inParallel } from "./in-parallel.mjs";
import { importIndex, readIndex } from "./index-sql.mjs";
import { openDeployment } from "./open.mjs";

/**
 * Restores a backup to the database and the bucket that deploy.toml names; they are created if they are not there. The bodies
 * come first, then the index, all at once: until then nothing is restored, and an interrupted run is repeated by the same
 * command, which leaves out what is there. Throws a CommandError if the backup is damaged, or if the database has tables.
 * @param {string} folder
 * @returns {Promise<{createdAt: string, bodies: number, bytes: number}>}
 */
export async function restoreDeployment(folder) {
  const manifest = readManifest(folder, "deployment");
  if (manifest === null) throw new CommandError(`There is no complete backup in ${folder}.`);
  const bodies = await checkBackup(folder, manifest);
  const deployment = await openDeployment();
  const databaseId = await openEmptyDatabase(deployment);
  const { account, bucketName, bucket, choices } = deployment;
  if (!(await account.hasBucket(bucketName, choices.jurisdiction))) {
    await account.createBucket(bucketName, choices);
  }
  const bytes = bodies.reduce((sum, { size }) => sum + size, 0);
  const present = new Map();
  for await (const { key, size } of bucket.list()) present.set(key, size);
  await withProgress(bytes, (advance) =>
    inParallel(bodies, async ({ key, size, metadata }) => {
      if (present.get(key) !== size) {
        await bucket.put(key, await openAsBlob(bodyFile(folder, key)), metadata);
      }
      advance(size);
    }),
  );
  await importIndex(account, databaseId, join(folder, manifest.index));
  return { createdAt: manifest.createdAt, bodies: bodies.length, bytes };
}

/** Compares all files with their checksums, before anything is changed. */
async function checkBackup(folder, { index, files }) {
  const damaged = (reason) =>
    new CommandError(`The backup in ${folder} is damaged (${reason}). Nothing was restored.`);
  const sha256 = await hashFile(join(folder, index)).catch(() => null);
  if (sha256 !== files[index].sha256) throw damaged(`${index} is missing or has changed`);
  const bodies = [...storedBodies(folder)];
  for (const body of bodies) {
    if (!(await isBodyIntact(folder, body))) throw damaged(`a body has changed: ${body.key}`);
  }
  const { documents } = readIndex(join(folder, index));
  const missing = countMissing(documents, new Set(bodies.map(({ key }) => key)));
  if (missing > 0) throw damaged(`${missing} bodies of documents are missing`);
  return bodies;
}

/** The id of the database, which must have no tables. */
async function openEmptyDatabase({ account, databaseName, choices }) {
  const found = await account.findDatabase(databaseName);
  if (found === null) return (await account.createDatabase(databaseName, choices)).uuid;
  const sql =
    "SELECT count(*) AS tables FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
  const [{ tables }] = await account.query(found.uuid, sql);
  if (tables === 0) return found.uuid;
  throw new CommandError(
    `The database "${databaseName}" has tables already. Restore before the first npm run deploy, or choose another name in deploy.toml. Nothing was restored.`,
  );
}
