/** The command line, run against a server: in the process of the test, or as one of its own. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { runProgram } from "../../cli/program.js";
import { collectOutput, type ExitResult, ROOT, temporaryFolder } from "./server";

export interface CliOptions {
  address?: string;
  token?: string;
  /** Where it keeps tokens; a folder of its own by default. */
  config?: string;
  input?: string;
  /** Started by another process, as npm does. */
  isBehindNpm?: boolean;
}

function environment({ address = "", token = "", config = temporaryFolder() }: CliOptions) {
  return {
    ...process.env,
    SATCHEL_ADDRESS: address,
    SATCHEL_TOKEN: token,
    XDG_CONFIG_HOME: config,
    XDG_STATE_HOME: config,
  };
}

/** Starts a command, and does not end it. */
const PARENT = `
  require("node:child_process").spawn(process.execPath, process.argv.slice(1), { stdio: "inherit" });
`;

/** Starts the command as a process, which can be sent signals. */
export function startCli(args: string[], options: CliOptions = {}) {
  const parent = options.isBehindNpm ? ["--eval", PARENT, "--"] : [];
  const child = spawn(process.execPath, [...parent, join(ROOT, "cli/main.js"), ...args], {
    cwd: ROOT,
    env: { ...environment(options), npm_lifecycle_event: "cli" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin?.on("error", () => {}).end(options.input);
  return { child, ...collectOutput(child) };
}

/** Runs the command to its end, without a process of its own, which takes longer than most commands. */
export async function runCli(args: string[], options: CliOptions = {}): Promise<ExitResult> {
  const output = { stdout: "", stderr: "" };
  const collect = (name: keyof typeof output) =>
    new Writable({
      write(chunk, _, done) {
        output[name] += chunk;
        done();
      },
    });
  const host = {
    env: environment(options),
    stdin: Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
    stdout: collect("stdout"),
    stderr: collect("stderr"),
  };
  const code = await runProgram(args, host, new AbortController().signal);
  return { code, ...output };
}

/** The values that a command has printed with --json. */
export const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
