/**
 * Makes a backup of the local server's data, also while the server runs.
 *
 * A backup is a folder: `databases-...` has a copy of each database, `bodies` one of each body's file, and
 * backup.json names the former. Bodies never change, so each is copied once. backup.json is replaced last:
 * until then the earlier backup is the valid one, and whatever a kill has left is used or deleted next time.
 */

import { existsSync, globSync, mkdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { CommandError } from "../lib/command.mjs";
import { copyBodyFile, countMissingBodies, listBodyFiles } from "./bodies.mjs";
import { copyDatabases } from "./databases.mjs";
import { listDatabases, RESOURCES, readManifest, writeManifest } from "./layout.mjs";
import { withProgress } from "./progress.mjs";

/** A sweep may delete a body between the copy of the list and its own. The next attempt lists it no more. */
const MAX_ATTEMPTS = 3;

/**
 * Backs up a data folder. Throws a CommandError if there is nothing to back up, or if the data lack a body.
 * @param {string} data
 * @param {string} folder
 * @returns {Promise<{databases: number, bodies: number, bytes: number, copied: number, damaged: string[]}>} `bytes` and
 *   `copied`: of the bodies, in all and new; `damaged`: databases of objects, and what the backup has of them
 */
export async function createBackup(data, folder) {
  if (listDatabases(data).length === 0) {
    throw new CommandError(`There is nothing to back up in ${data}: name the folder with --data.`);
  }
  // Nobody else on this machine is to read it.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manifest = readManifest(folder);
  const earlier = manifest && { folder: join(folder, manifest.databases), files: manifest.files };
  let copied = 0;
  for (let attempt = 1; ; attempt++) {
    const createdAt = new Date();
    const name = `databases-${createdAt.getTime()}`;
    const { files, damaged } = await copyDatabases(data, join(folder, name), earlier);
    const bodies = listBodyFiles(join(folder, name));
    const result = await copyBodies(data, folder, bodies);
    copied += result.copied;
    const missing = result.missing + countMissingBodies(join(folder, name));
    if (missing === 0) {
      writeManifest(folder, { createdAt: createdAt.toISOString(), databases: name, files });
      deleteOthers(folder, name, bodies);
      const bytes = bodies.reduce((sum, { size }) => sum + size, 0);
      const databases = Object.keys(files).length;
      return { databases, bodies: bodies.length, bytes, copied, damaged };
    }
    rmSync(join(folder, name), { recursive: true });
    if (attempt === MAX_ATTEMPTS) {
      throw new CommandError(
        `${missing} bodies of documents are missing or damaged in ${data}. The backup was not changed.`,
      );
    }
  }
}

async function copyBodies(data, folder, bodies) {
  const sources = new Map(
    globSync("r2/*/blobs/*", { cwd: join(data, RESOURCES) }).map((path) => [basename(path), path]),
  );
  const total = bodies.reduce((sum, { size }) => sum + size, 0);
  const result = { copied: 0, missing: 0 };
  await withProgress(total, async (advance) => {
    for (const body of bodies) {
      const source = sources.get(body.id) ?? "";
      const target = join(folder, "bodies", body.id);
      const outcome =
        source === "" && !existsSync(target)
          ? "missing"
          : await copyBodyFile(body, join(data, RESOURCES, source), target);
      if (outcome === "copied") result.copied += body.size;
      else if (outcome !== "known") result.missing++;
      advance(body.size);
    }
  });
  return result;
}

/** Deletes what only earlier or interrupted backups need. */
function deleteOthers(folder, databases, bodies) {
  const needed = new Set(bodies.map(({ id }) => join("bodies", id)));
  for (const path of globSync(["databases-*", "bodies/*"], { cwd: folder })) {
    if (path !== databases && !needed.has(path)) rmSync(join(folder, path), { recursive: true });
  }
}
