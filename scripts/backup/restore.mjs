/** Restores a backup into an empty data folder. */

import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandError } from "../lib/command.mjs";
import { BODIES_BUCKET } from "../lib/worker-config.mjs";
import { copyBodyFile, listBodyFiles } from "./bodies.mjs";
import { hashFile } from "./hash.mjs";
import { RESOURCES, readManifest } from "./layout.mjs";
import { withProgress } from "./progress.mjs";

/**
 * Restores a backup. Every file is compared with its checksum, and the data appear all at once. Throws a
 * CommandError, and leaves the data folder as it was, if that is not empty or if the backup is damaged.
 * @param {string} folder
 * @param {string} data
 * @returns {Promise<{createdAt: string, bodies: number, bytes: number}>}
 */
export async function restoreBackup(folder, data) {
  const manifest = readManifest(folder);
  if (manifest === null) throw new CommandError(`There is no complete backup in ${folder}.`);
  const target = join(data, RESOURCES);
  if (existsSync(target)) {
    throw new CommandError(
      `There are data in ${data} already: choose a new folder with --data, or move that one away.`,
    );
  }
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  await restoreDatabases(join(folder, manifest.databases), manifest.files, partial);
  const bodies = listBodyFiles(join(folder, manifest.databases));
  const bytes = bodies.reduce((sum, { size }) => sum + size, 0);
  await withProgress(bytes, async (advance) => {
    for (const body of bodies) {
      const copy = join(partial, "r2", BODIES_BUCKET, "blobs", body.id);
      const outcome = await copyBodyFile(body, join(folder, "bodies", body.id), copy);
      if (outcome !== "copied") throw damaged(folder, `a body is ${outcome}: ${body.id}`);
      advance(body.size);
    }
  });
  renameSync(partial, target);
  return { createdAt: manifest.createdAt, bodies: bodies.length, bytes };
}

async function restoreDatabases(source, files, target) {
  for (const [path, { sha256 }] of Object.entries(files)) {
    const copy = join(target, path);
    mkdirSync(dirname(copy), { recursive: true });
    if (!existsSync(join(source, path))) throw damaged(source, `${path} is missing`);
    cpSync(join(source, path), copy);
    if ((await hashFile(copy)) !== sha256) throw damaged(source, `${path} has changed`);
  }
}

const damaged = (folder, reason) =>
  new CommandError(`The backup in ${folder} is damaged (${reason}). Nothing was restored.`);
