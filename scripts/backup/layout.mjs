/** Where a data folder and a backup have their files, and what a backup says about itself. */

import { existsSync, globSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../lib/command.mjs";

/** Where Miniflare stores its resources in the data folder. */
export const RESOURCES = "v3";

/** The databases that list the bodies, below RESOURCES. */
export const BODY_LISTS = "r2/miniflare-R2BucketObject";

/** The index, below RESOURCES. */
export const INDEX = "d1/miniflare-D1DatabaseObject";

const MANIFEST = "backup.json";
const FORMAT = 1;

/**
 * The databases of a data folder, in the order in which they have to be read: the index, the Durable
 * Objects, then the lists of bodies. A body is written before anything names it and is never changed, so what
 * the earlier ones name is in the later ones. The other way round, documents written in between would
 * have no body.
 * @param {string} data
 * @returns {string[]} paths below RESOURCES
 */
export function listDatabases(data) {
  const patterns = [`${INDEX}/*.sqlite`, "do/*/*.sqlite", `${BODY_LISTS}/*.sqlite`];
  return patterns.flatMap((pattern) => globSync(pattern, { cwd: join(data, RESOURCES) }).sort());
}

/**
 * @typedef {object} Manifest
 * @property {number} format
 * @property {"deployment"} [kind] otherwise it is of the local server
 * @property {string} createdAt
 * @property {string} [databases] the folder of the databases in this backup; of a deployment, the list of its RxDB
 *   databases, if it has any
 * @property {string} [index] of a deployment
 * @property {Record<string, {state: string, sha256: string}>} files its files; `state`: size and time of
 *   the source, by which one that has not changed is recognised
 */

/**
 * Reads what a backup says about itself; null if the folder has no complete backup. Throws a CommandError
 * if it cannot be understood, or if it is of the other kind.
 * @param {string} folder
 * @param {"local" | "deployment"} [kind]
 * @returns {Manifest | null}
 */
export function readManifest(folder, kind = "local") {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) return null;
  let manifest;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new CommandError(`${file} is damaged: use another backup.`);
  }
  if (manifest.format !== FORMAT) {
    throw new CommandError(`${file} was written by another version of Satchel.`);
  }
  const { kind: found = "local" } = manifest;
  if (found !== kind) {
    const [own, option] =
      found === "local"
        ? ["the local server", "without --remote"]
        : ["a deployment", "with --remote"];
    throw new CommandError(
      `The backup in ${folder} is one of ${own}: use another folder, or run this ${option}.`,
    );
  }
  return manifest;
}

/** Makes a backup complete: from now on it is this one. */
export function writeManifest(folder, manifest) {
  const file = join(folder, MANIFEST);
  writeFileSync(`${file}.new`, `${JSON.stringify({ format: FORMAT, ...manifest }, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}
