/** Measures memory and CPU time of a process, on systems with /proc. */

import { readFileSync, writeFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second on all supported architectures. */
const TICK_MS = 10;

/** Current resident memory of a process in MB; undefined without /proc. */
export function residentMemory(pid) {
  try {
    return readMemory(pid, "VmRSS");
  } catch {
    return undefined;
  }
}

/**
 * Starts measuring a process. `end` returns its peak memory in MB since then (`peakMemory`), and the
 * CPU time of all its threads (`cpuMs`).
 * @param {number} pid
 * @returns {{end: () => {peakMemory?: number, cpuMs?: number}}} empty without /proc
 */
export function measureProcess(pid) {
  try {
    // "5" resets the peak to the current memory.
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
