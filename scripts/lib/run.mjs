/** Runs the commands of installed packages. */

import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { ROOT } from "./install.mjs";

const BINARIES = join(ROOT, "node_modules", ".bin");

const ENVIRONMENT = {
  ...process.env,
  PATH: BINARIES + delimiter + process.env.PATH,
  // Keep wrangler from connecting to the internet.
  WRANGLER_SEND_METRICS: "false",
  WRANGLER_SEND_ERROR_REPORTS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  WRANGLER_HIDE_BANNER: "true",
};

/**
 * Starts a command of node_modules/.bin in the project folder.
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").StdioOptions} stdio
 * @param {Record<string, string>} [env] in addition to that of this process
 */
export function run(command, args, stdio, env = {}) {
  return spawn(join(BINARIES, command), args, {
    cwd: ROOT,
    env: { ...ENVIRONMENT, ...env },
    stdio,
    shell: process.platform === "win32",
  });
}

/**
 * Waits for the end of a process. Rejects if it could not be started.
 * @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number | null>} the exit code
 */
export function ended(child) {
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}
