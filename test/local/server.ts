/** The local server as a command: its output, its URL and its exit code. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The output after which the server answers requests. */
const READY_OUTPUT = /Satchel is running at (\S+)[\s\S]*Press Ctrl-C to stop\./;

export interface StartOptions {
  args?: string[];
  env?: Record<string, string>;
}

export interface ExitResult {
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
  /** Sends a signal and waits until the server has exited. */
  stop(signal: NodeJS.Signals): Promise<ExitResult>;
}

/** Creates a folder that is deleted after the test. */
export function temporaryFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, "satchel-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs `npm start`, without npm, until the server answers requests. Repeats it while the port is in use: that of a
 * server that was killed may have been given to a connection of another test.
 */
export async function startServer(data: string, options: StartOptions = {}): Promise<Server> {
  for (;;) {
    try {
      return await startOnce(data, options);
    } catch (error) {
      if (!/Port \d+ is already in use/.test(String(error))) throw error;
    }
  }
}

async function startOnce(data: string, { args = [], env = {} }: StartOptions): Promise<Server> {
  const { child, output, ended } = launch(["--data", data, "--port", "0", ...args], env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const ready = READY_OUTPUT.exec(output.stdout);
      if (ready?.[1]) resolve(ready[1]);
    });
    ended.then(({ stderr }) => reject(new Error(`The server exited: ${stderr}`)), reject);
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { url, port: new URL(url).port, child, output, stop: end };
}

/** Runs `npm start`, without npm, until it exits by itself. */
export function runToExit({ args = [], env = {} }: StartOptions): Promise<ExitResult> {
  return launch(args, env).ended;
}

function launch(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [join(ROOT, "scripts", "start.mjs"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ...collectOutput(child) };
}

/** Collects what a process prints. `ended` resolves when it has exited. */
export function collectOutput(child: ChildProcess) {
  const output = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk) => {
    output.stdout += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.stderr += chunk;
  });
  const ended = new Promise<ExitResult>((resolve) => {
    child.on("close", (code) => resolve({ code, ...output }));
  });
  return { output, ended };
}

/** The digest of every file below a folder, by path: equal if nothing has changed. */
export function fileDigests(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    files.map((file) => [file, createHash("sha256").update(readFileSync(file)).digest("hex")]),
  );
}

/** A port on which this process listens until the test ends. */
export async function occupiedPort(): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return listenOnAnyPort(server);
}

/** A port on which nobody listens. */
export async function freePort(): Promise<string> {
  const server = createServer();
  const port = await listenOnAnyPort(server);
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function listenOnAnyPort(server: NetServer): Promise<number> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}
