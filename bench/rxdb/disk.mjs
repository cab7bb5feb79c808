/** Measures the speed of the disk, and the size of folders. */

import {
  closeSync,
  fdatasyncSync,
  lstatSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** The least that SQLite writes at a commit. */
const PAGE = Buffer.alloc(4096, "x");

/**
 * Measures `count` times how long it takes to write a page and sync it to disk, in milliseconds: every
 * durable write has to wait for this.
 */
export function measureDisk(folder, count) {
  const path = join(folder, "page");
  const file = openSync(path, "w");
  const samples = Array.from({ length: count }, () => {
    const start = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(path);
  return samples;
}

/** Total bytes of all files in a folder. */
export const folderSize = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => lstatSync(join(folder, name)))
    .filter((entry) => entry.isFile())
    .reduce((sum, { size }) => sum + size, 0);
