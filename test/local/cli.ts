/** The command line, run as a process against a server. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { collectOutput, type ExitResult, ROOT, temporaryFolder } from "./server";

export interface CliOptions {
  address?: string;
  token?: string;
  /** Where it keeps tokens; a folder of its own by default. */
  config?: string;
  input?: string;
  cwd?: string;
}

/** A run of the command, which can be sent signals. */
export function startCli(args: string[], options: CliOptions = {}) {
  const { address = "", token = "", config = temporaryFolder(), input, cwd = ROOT } = options;
  const child = spawn(process.execPath, [join(ROOT, "cli/main.js"), ...args], {
    cwd,
    env: {
      ...process.env,
      SATCHEL_ADDRESS: address,
      SATCHEL_TOKEN: token,
      XDG_CONFIG_HOME: config,
      XDG_STATE_HOME: config,
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => {}).end(input);
  return { child, ...collectOutput(child) };
}

/** Runs the command to its end. */
export const runCli = (args: string[], options: CliOptions = {}): Promise<ExitResult> =>
  startCli(args, options).ended;

/** The values that a command has printed with --json. */
export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
