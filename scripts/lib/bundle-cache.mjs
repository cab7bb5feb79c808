/**
 * Keeps a bundle in a file for as long as nothing has changed that it was made of: a line of JSON that says so, and the
 * texts of the bundle, of which each is decoded only if it is needed.
 */

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
 * @typedef {object} Output a file of a bundle
 * @property {string} path
 * @property {string} text
 */

/**
 * Returns what `build` returned before with the same options, if every file that it read has the same
 * content (one of a package the same size and time), and no file was added that an import could mean
 * instead. Otherwise builds, and keeps the result unless a file has just been changed.
 * @param {object} cache
 * @param {string} cache.file in which the result is kept
 * @param {string} cache.root the project folder
 * @param {object} cache.options on which the result depends, too
 * @param {() => Promise<{inputs: string[], outputs: Output[]}>} build `inputs`: the files that it has read, as
 *   paths in the project folder
 * @returns {Promise<Output[]>}
 */
export async function cached({ file, root, options }, build) {
  const digest = (inputs) => digestOf(root, inputs, options);
  const kept = readKept(file);
  if (kept !== null && kept.digest === digest(kept.inputs)) return kept.outputs;
  const startedAt = Date.now();
  const { inputs: files, outputs } = await build();
  const inputs = [...CONFIGURATION, ...files, ...ownFolders(files)];
  // A file that has changed since then may be newer than what was read.
  const isUnchanged = inputs.every(
    (path) => changedAt(join(root, path)) < startedAt - CLOCK_TOLERANCE_MS,
  );
  if (isUnchanged) keep(file, { digest: digest(inputs), inputs, outputs });
  return outputs;
}

/** @returns {{digest: string, inputs: string[], outputs: Output[]} | null} */
function readKept(file) {
  try {
    const content = readFileSync(file);
    const end = content.indexOf("\n");
    const { digest, inputs, sizes } = JSON.parse(content.toString("utf8", 0, end));
    let position = end + 1;
    const outputs = [];
    for (const [path, size] of sizes) {
      outputs.push(lazyOutput(path, content.subarray(position, position + size)));
      position += size;
    }
    return position === content.length ? { digest, inputs, outputs } : null;
  } catch {
    return null;
  }
}

/** @returns {Output} */
const lazyOutput = (path, content) => ({
  path,
  get text() {
    return content.toString("utf8");
  },
});

/** A cache that cannot be written costs only time. */
function keep(file, { digest, inputs, outputs }) {
  // Other processes may read and write it at the same time: it is renamed when it is complete.
  const fresh = `${file}-${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const texts = outputs.map(({ text }) => Buffer.from(text));
    const sizes = outputs.map(({ path }, index) => [path, texts[index].length]);
    const header = Buffer.from(`${JSON.stringify({ digest, inputs, sizes })}\n`);
    writeFileSync(fresh, Buffer.concat([header, ...texts]));
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

/** Whether a file is one of a package. There are many; that which npm writes when it has installed them is none. */
const isOfPackage = (path) => /node_modules\/[^.]/.test(path);

/** The folders of files that are not packages, each with a slash at its end: their names are inputs. */
function ownFolders(files) {
  const own = files.filter((path) => !isOfPackage(path));
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

/** The content of a file, or the names in a folder; of a package's file, whose version decides, size and time. */
function contentOf(root, path) {
  // Not normalized: that would take as long as to read them.
  const file = `${root}/${path}`;
  try {
    if (path.endsWith("/")) return readdirSync(file).sort().join("\0");
    if (!isOfPackage(path)) return readFileSync(file);
    const { size, mtimeMs } = statSync(file);
    return `${size} ${mtimeMs}`;
  } catch {
    return "missing";
  }
}
