/**
 * Makes a backup of a deployment, also while it is used.
 *
 * A backup is a folder: `index-....sql` is the index, `databases-....jsonl` lists the RxDB databases, whose files are in
 * `databases` and `attachments`, `bodies` has the objects of the bucket, and backup.json names the two former. The index is
 * exported first, which names the modules that have databases; then these are read, then the bucket is listed and read: a
 * body is there before the index names it.
 */

import { globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../lib/command.mjs";
import { hashFile } from "../hash.mjs";
import { readManifest, writeManifest } from "../layout.mjs";
import { withProgress } from "../progress.mjs";
import { deleteOtherDatabases, downloadDatabases } from "./back-up-databases.mjs";
import { deleteOtherBodies, downloadBody, isDocumentKey } from "./bodies.mjs";
import { inParallel } from "./in-parallel.mjs";
import { exportIndex } from "./index-sql.mjs";
import { openDeployment, requireDatabase } from "./open.mjs";
import { openProvider, SET_TOKEN } from "./provider.mjs";
import { openIndex } from "./read-index.mjs";

/**
 * After the index was exported, a sweep may delete a body, and a user may delete an account. The next attempt does not
 * name them.
 */
const MAX_ATTEMPTS = 3;

/**
 * Backs up the deployment to a folder. Throws a CommandError, and leaves the earlier backup as it was, if it
 * cannot be completed.
 * @param {string} folder
 * @param {{origin?: string}} [options] `origin`: of the provider, if not that of deploy.toml
 * @returns {Promise<{documents: number, bodies: number, bytes: number, copied: number, collections: number, skipped: number, unread: string[]}>}
 *   `bytes` and `copied`: of the bodies, in all and new; `collections`: of RxDB databases; `skipped`: how many modules
 *   with databases are left out, because there is no BACKUP_TOKEN; `unread`: databases that could not be read
 */
export async function backUpDeployment(folder, { origin } = {}) {
  const deployment = await openDeployment();
  const databaseId = await requireDatabase(deployment);
  // Nobody else on this machine is to read it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const earlier = readManifest(folder, "deployment");
  const provider = await openProvider(deployment, origin);
  let copied = 0;
  for (let attempt = 1; ; attempt++) {
    const createdAt = new Date();
    const index = `index-${createdAt.getTime()}.sql`;
    const list = `databases-${createdAt.getTime()}.jsonl`;
    await exportIndex(deployment.account, databaseId, join(folder, index));
    const result = await copyContents({ deployment, provider, folder, index, list, earlier });
    copied += result.copied;
    const { keys, missing, hasDatabases, ...counts } = result;
    if (missing.length === 0) {
      const names = hasDatabases ? [index, list] : [index];
      const files = {};
      for (const name of names) files[name] = { sha256: await hashFile(join(folder, name)) };
      writeManifest(folder, {
        kind: "deployment",
        createdAt: createdAt.toISOString(),
        index,
        ...(hasDatabases && { databases: list }),
        files,
      });
      deleteOtherBodies(folder, keys);
      deleteOtherIndexes(folder, index);
      await deleteOtherDatabases(folder, hasDatabases ? list : undefined);
      return { ...counts, bodies: keys.size, copied };
    }
    for (const name of [index, list]) rmSync(join(folder, name), { force: true });
    if (attempt === MAX_ATTEMPTS) {
      throw new CommandError(`${missing.join(" ")} The backup was not changed.`);
    }
  }
}

/** Downloads what the exported index names, and says what of it is missing. */
async function copyContents({ deployment, provider, folder, index, list, earlier }) {
  const exported = await openIndex(join(folder, index));
  try {
    const modules = exported.modules();
    const hasDatabases = provider !== null && modules.length > 0;
    if (provider === null && modules.length > 0 && earlier?.databases !== undefined) {
      throw new CommandError(
        `The backup in ${folder} has RxDB databases, which a new one without BACKUP_TOKEN would lack. ${SET_TOKEN}`,
      );
    }
    const databases = hasDatabases
      ? await downloadDatabases(provider, modules, folder, list, earlier?.databases)
      : { collections: 0, missing: 0, unread: [] };
    const { damaged, ...bodies } = await downloadBodies(deployment.bucket, folder);
    // Earlier versions that are no longer there have been swept; damaged ones have not.
    const counts = exported.countDocuments([...bodies.keys, ...damaged]);
    const bodiesMissing = counts.missing + damaged.length;
    return {
      ...bodies,
      hasDatabases,
      documents: counts.documents,
      missing: [
        bodiesMissing > 0 &&
          `${bodiesMissing} bodies of documents are missing or damaged in the bucket.`,
        databases.missing > 0 && `The databases of ${databases.missing} modules are missing.`,
      ].filter((sentence) => sentence !== false),
      collections: databases.collections,
      unread: databases.unread,
      skipped: hasDatabases ? 0 : modules.length,
    };
  } finally {
    exported.close();
  }
}

/** @param {import("./bucket.mjs").Bucket} bucket */
async function downloadBodies(bucket, folder) {
  const all = await Array.fromAsync(bucket.list());
  const objects = all.filter(({ key }) => isDocumentKey(key));
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

function deleteOtherIndexes(folder, index) {
  for (const path of globSync("index-*.sql", { cwd: folder })) {
    if (path !== index) rmSync(join(folder, path));
  }
}
