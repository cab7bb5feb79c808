/**
 * Makes a fresh clone ready by itself: installs the packages, then goes on in the Node that comes
 * with them. Runs on Node's builtins alone, from Node 20 on.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure } from "./failure.mjs";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const WINDOWS = process.platform === "win32";
const NODE = join(ROOT, "node_modules", "node", "bin", WINDOWS ? "node.exe" : "node");
const BINARIES = join(ROOT, "node_modules", ".bin");

/** How often a process looks whether the one that started it still lives. */
const PARENT_CHECK_MS = 200;
const PARENTS = parents();

/**
 * Returns once the packages of package-lock.json are installed and this process runs on the
 * project's own Node. Otherwise installs them, runs the same command there, and exits with its
 * exit code. Throws a Failure when the packages cannot be installed.
 */
export async function ensureInstalled() {
  if (!isInstalled()) await installOnce();
  if (realpathSync(process.execPath) !== realpathSync(NODE)) process.exit(await runInOwnNode());
}

/**
 * Calls `stop` when what started this process is gone: a killed npm takes no child along. Started
 * by anything else than npm or ourselves, a server may outlive its parent (nohup).
 * @param {() => void} stop
 */
export function stopWithParent(stop) {
  if (!process.env.npm_lifecycle_event && !process.env.SATCHEL_OWN_NODE) return;
  setInterval(() => {
    if (parents() !== PARENTS) stop();
  }, PARENT_CHECK_MS).unref();
}

/** The parent and, if that is the shell through which npm runs a script on Linux, npm. */
function parents() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const [, command, parent] = /\((.*)\) \S (\d+)/s.exec(stat);
    return command.endsWith("sh") ? `${process.ppid} ${parent}` : `${process.ppid}`;
  } catch {
    return `${process.ppid}`;
  }
}

/** Compares what npm says it installed with what package-lock.json asks for. */
function isInstalled() {
  if (!existsSync(NODE)) return false;
  const wanted = readLock(join(ROOT, "package-lock.json"));
  // npm removes this file when it starts to change node_modules and writes it when it is done.
  const present = readLock(join(ROOT, "node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || present[path]?.version === version || (optional && !present[path]),
  );
}

/** @returns {Record<string, {version?: string, optional?: boolean}>} */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8")).packages;
  } catch {
    return {};
  }
}

/** Installs, or waits until another process that does so is done (npm start beside npm test). */
async function installOnce() {
  while (!isInstalled()) {
    const release = await tryLock();
    if (!release) await untilUnlocked();
    else {
      try {
        await install();
      } finally {
        release();
      }
    }
  }
}

async function install() {
  // npm would empty the folder behind it, which another checkout lives on.
  if (lstatSync(join(ROOT, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Failure("node_modules is a link with other packages: install there, or remove it.");
  }
  console.error("Installing the packages of package-lock.json ...");
  // Started by npm, run that very npm; its version may be another than the one on the path.
  const cli = process.env.npm_execpath;
  const [command, prefix] =
    cli && basename(cli) === "npm-cli.js" ? [process.execPath, [cli]] : ["npm", []];
  const { code, output } = await run(command, [
    ...prefix,
    "ci",
    "--include=dev",
    "--no-audit",
    "--no-fund",
  ]);
  if (code !== 0) {
    console.error(output.trimEnd());
    throw new Failure("The packages could not be installed: npm's reasons stand above.");
  }
  if (!isInstalled()) {
    throw new Failure(
      "npm installed the packages but did not run their install scripts: set ignore-scripts=false in .npmrc and try again.",
    );
  }
}

/** @returns {Promise<{code: number | null, output: string}>} */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      shell: WINDOWS && command === "npm",
    });
    let output = "";
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** @returns {Promise<number>} the exit code */
function runInOwnNode() {
  return new Promise((resolve) => {
    const child = spawn(NODE, process.argv.slice(1), {
      stdio: "inherit",
      env: {
        ...process.env,
        PATH: BINARIES + delimiter + process.env.PATH,
        SATCHEL_OWN_NODE: "1",
      },
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.on(signal, () => child.kill(signal));
    }
    stopWithParent(() => child.kill("SIGTERM"));
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/**
 * The lock is a listening socket, which even a killed process lets go. Linux has sockets without a
 * file and Windows has pipes; elsewhere a killed process leaves its file, which nobody answers at.
 */
function lockAddress() {
  const name = `satchel-install-${createHash("sha256").update(ROOT).digest("hex").slice(0, 16)}`;
  if (process.platform === "linux") return `\0${name}`;
  return WINDOWS ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/** @returns {Promise<(() => void) | null>} how to let it go, or null when another holds it */
function tryLock() {
  return new Promise((resolve, reject) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on("error", () => {}).on("close", () => waiting.delete(socket));
    });
    server.on("error", (error) => (error.code === "EADDRINUSE" ? resolve(null) : reject(error)));
    server.listen(lockAddress(), () =>
      resolve(() => {
        server.close();
        for (const socket of waiting) socket.destroy();
      }),
    );
  });
}

/** Returns when the holder of the lock lets go or dies. */
function untilUnlocked() {
  return new Promise((resolve) => {
    const socket = connect(lockAddress());
    socket.on("error", (error) => {
      if (error.code === "ECONNREFUSED" && !lockAddress().startsWith("\0")) {
        rmSync(lockAddress(), { force: true });
      }
    });
    socket.on("close", resolve);
    socket.resume();
  });
}
