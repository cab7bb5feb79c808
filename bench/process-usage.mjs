/** Measures memory and CPU time of a process, on systems with /proc. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The id of a process by its name and its parent; undefined if there is none, or without /proc. */
export function childProcess(parent, name) {
  try {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .find((pid) => {
        const [, ownName, ownParent] = readStatus(pid);
        return ownName === name && Number(ownParent) === parent;
      });
  } catch {
    return undefined;
  }
}

/** The name of a process, and its parent. */
function readStatus(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return /^Name:\s+(\S+)[\s\S]*?^PPid:\s+(\d+)/m.exec(status) ?? [];
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return []; // it has ended
    throw error;
  }
}

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

/** Of all threads in milliseconds: the scheduler counts each in nanoseconds, the process only in ticks. */
function readCpu(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + readThreadCpu(pid, thread), 0) / 1e6;
}

function readThreadCpu(pid, thread) {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return 0; // it has ended
    throw error;
  }
}
