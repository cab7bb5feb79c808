/** Files that are whole or not there: written under a temporary name, then renamed. */

import { existsSync, readlinkSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join, sep } from "node:path";
import { TransferError } from "../../transfer/requests.js";

/** What temporary files end with. `sync` and `import` leave such files alone. */
export const TEMPORARY_SUFFIX = ".satchel-part";

/** Other computers and containers may write to the same folder, with processes of the same number. */
const OWN_KEYS = `${hostname().replaceAll(/[^\w-]/g, "-")}.${containerKey()}`;

/** Of Linux, where a container may have the name of its host; without containers it is always the same. */
function containerKey() {
  try {
    return `${readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "")}.`;
  } catch {
    return "";
  }
}

let count = 0;

/** @param {string} file @param {string} [key] @returns {string} a name beside the file; without a key, another one each time */
export const temporaryName = (file, key = `${OWN_KEYS}${process.pid}.${++count}`) =>
  join(dirname(file), `.${key}${TEMPORARY_SUFFIX}`);

/** @type {Set<string>} folders that this process has looked through */
const cleaned = new Set();

/**
 * Deletes, once for each folder, the files that processes of this computer have left there when they were killed.
 * @param {string} folder
 */
async function deleteAbandoned(folder) {
  if (cleaned.has(folder)) return;
  cleaned.add(folder);
  // It is only a courtesy: whatever is wrong with the folder, the next step says.
  for (const name of await readdir(folder).catch(() => [])) {
    if (isAbandoned(name, OWN_KEYS)) await rm(join(folder, name)).catch(() => {});
  }
}

/**
 * Whether a process of this computer, which runs no more, has left a file.
 * @param {string} name
 * @param {string} start of its key
 */
function isAbandoned(name, start) {
  if (!name.startsWith(`.${start}`) || !name.endsWith(TEMPORARY_SUFFIX)) return false;
  const [, id] =
    /^([1-9]\d*)\.\d+$/.exec(name.slice(start.length + 1, -TEMPORARY_SUFFIX.length)) ?? [];
  return id !== undefined && !isRunning(Number(id));
}

/**
 * A temporary file that continues what another process has left under the same key, if there is any. Until it is released, or this
 * process has ended, no other process writes to it.
 * @param {string} file
 * @param {string} key
 * @returns {Promise<{part: string, release: () => Promise<void>}>}
 */
export async function claimPart(file, key) {
  const folder = dirname(file);
  const released = temporaryName(file, key);
  const start = `${key}.${OWN_KEYS}`;
  const part = temporaryName(file, `${start}${process.pid}.${++count}`);
  const names = await readdir(folder).catch(() => []);
  const abandoned = names.filter((name) => isAbandoned(name, start));
  for (const left of [released, ...abandoned.map((name) => join(folder, name))]) {
    // Whoever renames it first has it.
    if (await isRenamed(left, part)) break;
  }
  return { part, release: async () => void (await isRenamed(part, released)) };
}

/** @param {string} from @param {string} to */
const isRenamed = (from, to) =>
  rename(from, to).then(
    () => true,
    () => false,
  );

/** @param {number} id of a process */
function isRunning(id) {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    // It may be somebody else's.
    return /** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH";
  }
}

/**
 * Refuses a file that cannot be written because it is a folder, or that is there and not to be replaced.
 * @param {string} file
 * @param {{force: boolean}} options
 */
export async function requireReplaceable(file, { force }) {
  const isNamedFolder = file.endsWith("/") || file.endsWith(sep);
  const found = await stat(file).catch((error) => {
    if (isNamedFolder) throw new TransferError("no-folder", `${file} is no folder that exists.`);
    if (error.code === "ENOENT" && existsSync(dirname(file))) return null;
    throw refusalOfWrite(error, file);
  });
  if (found?.isDirectory()) {
    throw new TransferError("exists", `${file} is a folder: name a file to write.`);
  }
  if (found && !force) {
    throw new TransferError("exists", `${file} exists: use --force to replace it.`);
  }
}

/**
 * What the file system refuses, about the file that is to be written rather than a temporary one. Anything else is as it was.
 * @param {unknown} error
 * @param {string} file
 */
export function refusalOfWrite(error, file) {
  if (!(error instanceof Error) || !("syscall" in error)) return error;
  const folder = dirname(file);
  const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? "";
  const sentences = /** @type {Record<string, string | false>} */ ({
    ENOENT: !existsSync(folder) && `The folder ${folder} does not exist: create it first.`,
    ENOTDIR: `${folder} is no folder.`,
    EACCES: `${file} cannot be written: you may not write to the folder ${folder}.`,
    EROFS: `${file} cannot be written: the folder ${folder} is read-only.`,
    ENAMETOOLONG: `${file} is too long a name for a file: choose another one.`,
    ENOSPC: `${file} cannot be written: the disk is full.`,
  });
  const message = sentences[code] || `${file} cannot be written: ${error.message}.`;
  return new TransferError("unwritable", message, { cause: error });
}

/**
 * Writes a stream to a file, which appears only when it is complete. Until then an existing file is
 * untouched; after a failure nothing is left of the new one, and after a kill the next call deletes it.
 * @param {string} file
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(bytes: number) => void} [onBytes]
 * @param {() => Promise<void>} [beforeReplacing] may refuse it at the last moment
 */
export async function writeStream(file, stream, onBytes, beforeReplacing) {
  await writeWhole(file, async (temporary) => {
    await appendStream(temporary, stream, "w", onBytes);
    await beforeReplacing?.();
  });
}

/**
 * @param {string} file
 * @param {(temporary: string) => Promise<void>} write
 */
async function writeWhole(file, write) {
  const temporary = temporaryName(file);
  await deleteAbandoned(dirname(file));
  try {
    await write(temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw refusalOfWrite(error, file);
  }
}

/**
 * Writes a stream to an open file, and to the disk.
 * @param {string} file
 * @param {ReadableStream<Uint8Array>} stream
 * @param {"w" | "a"} flags to write anew, or to append
 * @param {(bytes: number) => void} [onBytes]
 */
export async function appendStream(file, stream, flags, onBytes) {
  const handle = await open(file, flags);
  try {
    for await (const bytes of stream) {
      await handle.writeFile(bytes);
      onBytes?.(bytes.byteLength);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a small file. After a crash it is the old or the new one; after a failure nothing is left of the new one, and
 * after a kill the next call deletes it.
 * @param {string} file
 * @param {string} text
 * @param {number} [mode]
 */
export async function replaceFile(file, text, mode = 0o644) {
  await writeWhole(file, async (temporary) => {
    const handle = await open(temporary, "w", mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
