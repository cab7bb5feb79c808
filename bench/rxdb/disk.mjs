/** The disk: how fast it is, and what is on it. */

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

/** What SQLite writes at least when it commits. */
const PAGE = Buffer.alloc(4096, "x");

/**
 * How long it takes until a page is on the disk, in milliseconds: what every write that is to last
 * has to wait for.
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

/** Bytes of all files in a folder. */
export const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => lstatSync(join(folder, name)))
    .filter((entry) => entry.isFile())
    .reduce((sum, { size }) => sum + size, 0);
