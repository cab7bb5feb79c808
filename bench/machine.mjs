/** Describes the machine on which the figures were obtained, and the commit that was measured. */

import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from "node:os";
import { ROOT } from "../scripts/lib/install.mjs";

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

/**
 * The commit in the working tree, "with changes" if the code of the Worker or the benchmarks differs from it; "unknown"
 * without Git. The reports do not count: a run before this one may have written them.
 */
export function describeCommit() {
  const git = (...args) =>
    execFileSync("git", args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    const commit = git("rev-parse", "--short", "HEAD").trim();
    const code = ["src", "bench", ":!bench/*.md"];
    const changes = git("status", "--porcelain", "--untracked-files=no", "--", ...code);
    return changes === "" ? commit : `${commit} with changes`;
  } catch {
    return "unknown";
  }
}
