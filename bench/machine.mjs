/** Describes the machine on which the figures were obtained. */

import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";

/**
 * The machine and its current load average.
 * @returns {{cores: number, processor: string, memoryGb: number, system: string, node: string,
 *   load: number}}
 */
export const describeMachine = () => ({
  cores: availableParallelism(),
  processor: cpus()[0]?.model ?? "unknown",
  memoryGb: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  node: process.version,
  load: loadavg()[0],
});
