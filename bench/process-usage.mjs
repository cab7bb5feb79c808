/** What a process takes of memory and processor, where the system tells by /proc. */

import { readFileSync, writeFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second, on every architecture of ours. */
const TICK_MS = 10;

/** What a process holds in memory now, in MB; undefined without /proc. */
export function residentMemory(pid) {
  try {
    return readMemory(pid, "VmRSS");
  } catch {
    return undefined;
  }
}

/**
 * Starts to watch a process. `end` says what happened since: `peakMemory`, the most it has held, in
 * MB, and `cpuMs`, of all its threads.
 * @param {number} pid
 * @returns {{end: () => {peakMemory?: number, cpuMs?: number}}} empty without /proc
 */
export function watch(pid) {
  try {
    // "5" takes the peak back to what is held now.
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
    const before = readCpu(pid);
    return {
      end: () => ({ peakMemory: readMemory(pid, "VmHWM"), cpuMs: readCpu(pid) - before }),
    };
  } catch {
    return { end: () => ({}) };
  }
}

function readMemory(pid, field) {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  );
  return Number(kilobytes) / 1024;
}

function readCpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
