/**
 * Makes a backup of a deployment, also while it is used.
 *
 * A backup is a folder: `index-....sql` is the index, `bodies` has the objects of the bucket, and backup.json names the former.
 * The index is exported first, then the bucket is listed and read: a body is there before the index names it.
 */

import { globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../lib/command.mjs";
import { hashFile } from "../hash.mjs";
import { readManifest, writeManifest } from "../layout.mjs";
import { withProgress } from "../progress.mjs";
import { deleteOtherBodies, downloadBody } from "./bodies.mjs";
import { inParallel } from "./in-parallel.mjs";
import { exportIndex, readIndex } from "./index-sql.mjs";
import { openDeployment, requireDatabase } from "./open.mjs";

/** A sweep may delete a body after the index was exported. The next attempt does not name it. */
const MAX_ATTEMPTS = 3;

/**
 * Backs up the deployment to a folder. Throws a CommandError, and leaves the earlier backup as it was, if it
 * cannot be completed.
 * @param {string} folder
 * @returns {Promise<{documents: number, bodies: number, bytes: number, copied: number, databases: number}>} `bytes` and
 *   `copied`: of the bodies, in all and new; `databases`: how many modules have RxDB databases
 */
export async function backUpDeployment(folder) {
  const deployment = await openDeployment();
  const databaseId = await requireDatabase(deployment);
  // Nobody else on this machine is to read it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  readManifest(folder, "deployment");
  let copied = 0;
  for (let attempt = 1; ; attempt++) {
    const createdAt = new Date();
    const index = `index-${createdAt.getTime()}.sql`;
    await exportIndex(deployment.account, databaseId, join(folder, index));
    const { documents, databases } = readIndex(join(folder, index));
    const result = await downloadBodies(deployment.bucket, folder);
    copied += result.copied;
    // Earlier versions that are no longer there have been swept; damaged ones have not.
    const found = new Set([...result.keys, ...result.damaged]);
    const missing = countMissing(documents, found) + result.damaged.length;
    if (missing === 0) {
      const files = { [index]: { sha256: await hashFile(join(folder, index)) } };
      writeManifest(folder, {
        kind: "deployment",
        createdAt: createdAt.toISOString(),
        index,
        files,
      });
      deleteOtherBodies(folder, result.keys);
      deleteOtherIndexes(folder, index);
      const { keys, bytes } = result;
      return { documents: documents.length, bodies: keys.size, bytes, copied, databases };
    }
    rmSync(join(folder, index));
    if (attempt === MAX_ATTEMPTS) {
      throw new CommandError(
        `${missing} bodies of documents are missing or damaged in the bucket. The backup was not changed.`,
      );
    }
  }
}

/** @param {import("./bucket.mjs").Bucket} bucket */
async function downloadBodies(bucket, folder) {
  const objects = await Array.fromAsync(bucket.list());
  const bytes = objects.reduce((sum, { size }) => sum + size, 0);
  const keys = new Set();
  const damaged = [];
  let copied = 0;
  await withProgress(bytes, (advance) =>
    inParallel(objects, async (object) => {
      const outcome = await downloadBody(bucket, object, folder);
      if (outcome === "copied") copied += object.size;
      if (outcome === "damaged") damaged.push(object.key);
      if (outcome === "copied" || outcome === "known") keys.add(object.key);
      advance(object.size);
    }),
  );
  return { keys, bytes, copied, damaged };
}

/**
 * How many documents have no body. Keys are <account>/<document>/<version>.
 * @param {{account: string, version: string}[]} documents
 * @param {Set<string>} keys
 */
export function countMissing(documents, keys) {
  const versions = new Set(
    Array.from(keys, (key) => {
      const [account, , version] = key.split("/");
      return `${account}/${version}`;
    }),
  );
  return documents.filter(({ account, version }) => !versions.has(`${account}/${version}`)).length;
}

function deleteOtherIndexes(folder, index) {
  for (const path of globSync("index-*.sql", { cwd: folder })) {
    if (path !== index) rmSync(join(folder, path));
  }
}
