/** Keeps a bundle in a file for as long as nothing has changed that it was made of. */

import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** What decides how imports are resolved, beside the files that they lead to. */
const CONFIGURATION = ["package.json", "tsconfig.json", "node_modules/.package-lock.json"];

/** By how much file systems round times, at most. */
const CLOCK_TOLERANCE_MS = 1000;

/**
 * Returns what `build` returned before with the same options, if every file that it read has the same
 * content, and no file was added that an import could mean instead. Otherwise builds, and keeps the
 * result unless a file has just been changed.
 * @template T
 * @param {object} cache
 * @param {string} cache.file in which the result is kept
 * @param {string} cache.root the project folder
 * @param {object} cache.options on which the result depends, too
 * @param {() => Promise<{inputs: string[], result: T}>} build `inputs`: the files that it has read, as
 *   paths in the project folder; `result`: JSON
 * @returns {Promise<T>}
 */
export async function cached({ file, root, options }, build) {
  const digest = (inputs) => digestOf(root, inputs, options);
  const kept = readKept(file);
  if (kept !== null && kept.digest === digest(kept.inputs)) return kept.result;
  const startedAt = Date.now();
  const { inputs: files, result } = await build();
  const inputs = [...CONFIGURATION, ...files, ...ownFolders(files)];
  // A file that has changed since then may be newer than what was read.
  const isUnchanged = inputs.every(
    (path) => changedAt(join(root, path)) < startedAt - CLOCK_TOLERANCE_MS,
  );
  if (isUnchanged) keep(file, { digest: digest(inputs), inputs, result });
  return result;
}

/** @returns {{digest: string, inputs: string[], result: unknown} | null} */
function readKept(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** A cache that cannot be written costs only time. */
function keep(file, content) {
  // Other processes may read and write it at the same time: it is renamed when it is complete.
  const fresh = `${file}-${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(fresh, JSON.stringify(content));
    renameSync(fresh, file);
  } catch {
    removeIfPossible(fresh);
  }
}

function removeIfPossible(file) {
  try {
    rmSync(file, { force: true });
  } catch {
    // The folder is read-only.
  }
}

/** The folders of files that are not packages, each with a slash at its end: their names are inputs. */
function ownFolders(files) {
  const own = files.filter((path) => !path.includes("node_modules/"));
  return [...new Set(own.map((path) => `${dirname(path)}/`))];
}

/** In milliseconds since 1970. A missing file counts as old: if it was removed, its folder has changed. */
function changedAt(path) {
  const { mtimeMs = 0, ctimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return Math.max(mtimeMs, ctimeMs);
}

function digestOf(root, inputs, options) {
  const hash = createHash("sha256").update(JSON.stringify(options));
  for (const path of inputs) hash.update(`\0${path}\0`).update(contentOf(root, path));
  return hash.digest("hex");
}

/** The content of a file, or the names in a folder. */
function contentOf(root, path) {
  try {
    return path.endsWith("/")
      ? readdirSync(join(root, path)).sort().join("\0")
      : readFileSync(join(root, path));
  } catch {
    return "missing";
  }
}
