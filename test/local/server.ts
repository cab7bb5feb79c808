/** The local server as a person meets it: a command with output, an address and an exit code. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The line after which the server answers. */
const READY = /Satchel is running at (\S+)[\s\S]*Ctrl-C stops it\./;

export interface Options {
  args?: string[];
  env?: Record<string, string>;
}

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Server {
  url: string;
  port: string;
  child: ChildProcess;
  /** What it has printed so far. */
  output: { stdout: string; stderr: string };
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Result>;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "satchel-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `npm start` without npm, up to the moment at which it answers. */
export async function serve(data: string, { args = [], env = {} }: Options = {}): Promise<Server> {
  const { child, output, ended } = launch(["--data", data, "--port", "0", ...args], env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const ready = READY.exec(output.stdout);
      if (ready?.[1]) resolve(ready[1]);
    });
    ended.then(({ stderr }) => reject(new Error(`The server ended: ${stderr}`)), reject);
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { url, port: new URL(url).port, child, output, end };
}

/** `npm start` that is expected to end by itself. */
export function run({ args = [], env = {} }: Options): Promise<Result> {
  return launch(args, env).ended;
}

function launch(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, "scripts", "start.mjs"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ...collect(child) };
}

/** Collects what a process prints; `ended` comes with its exit. */
export function collect(child: ChildProcess) {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = new Promise<Result>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { output, ended };
}

/** Path -> digest of every file of a folder: equal if nothing has changed. */
export function fingerprint(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

/** A port that another program listens on until the test ends. */
export function takenPort(): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address && typeof address === "object") resolve(address.port);
    });
  });
}
