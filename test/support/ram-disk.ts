/** Where tests keep what they write. */

import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";

/** On Linux a file system in memory. Containers often have a small one. */
const RAM_DISK = "/dev/shm";

/** Several times what a whole run writes, so that the machine has memory enough, too. */
const MIN_FREE_BYTES = 4 * 1024 ** 3;

/**
 * Makes a folder on the RAM disk, if there is one with enough room, that of the temporary files of this process and those
 * that it starts, unless TMPDIR says another. It is deleted when the process ends. The databases of tests live for minutes,
 * and a sixth of the time of tests in workerd is spent on waiting until a disk has them.
 */
export function useRamDisk(): void {
  if (process.env.TMPDIR !== undefined || freeBytes(RAM_DISK) < MIN_FREE_BYTES) return;
  const folder = mkdtempSync(join(RAM_DISK, "satchel-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.env.TMPDIR = folder;
}

function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Other systems have none.
    return 0;
  }
}
