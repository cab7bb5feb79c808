/** Files that are whole or not there: written under a temporary name, then renamed. */

import { open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What temporary files end with. `sync` and `import` leave such files alone. */
export const TEMPORARY_SUFFIX = ".satchel-part";

/** @param {string} file @param {string} [key] @returns {string} a name beside the file */
export const temporaryName = (file, key = String(process.pid)) =>
  join(dirname(file), `.${key}${TEMPORARY_SUFFIX}`);

/**
 * Writes a stream to a file, which appears only when it is complete. Until then an existing file is
 * untouched; after a failure nothing is left of the new one.
 * @param {string} file
 * @param {ReadableStream<Uint8Array>} stream
 * @param {(bytes: number) => void} [onBytes]
 * @param {() => Promise<void>} [beforeReplacing] may refuse it at the last moment
 */
export async function writeStream(file, stream, onBytes, beforeReplacing) {
  const temporary = temporaryName(file);
  try {
    await appendStream(temporary, stream, "w", onBytes);
    await beforeReplacing?.();
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
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
 * Replaces a small file.
 * @param {string} file
 * @param {string} text
 * @param {number} [mode]
 */
export async function replaceFile(file, text, mode = 0o644) {
  const temporary = temporaryName(file, `${basename(file)}.${process.pid}`);
  await writeFile(temporary, text, { mode });
  await rename(temporary, file);
}
