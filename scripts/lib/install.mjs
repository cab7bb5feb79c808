/**
 * Prepares a fresh clone: installs the packages, then continues in the Node that is one of them.
 * Uses only Node's built-in modules and works from Node 20 on.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { constants, tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./command.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const IS_WINDOWS = process.platform === "win32";
const OWN_NODE = join(ROOT, "node_modules", "node", "bin", IS_WINDOWS ? "node.exe" : "node");
const BINARIES = join(ROOT, "node_modules", ".bin");

/** How often a process checks whether the one that started it is still running. */
const PARENT_CHECK_MS = 200;
const INITIAL_PARENTS = parentIds();

/**
 * Installs the packages of package-lock.json if they are missing. Returns if this process runs on the
 * project's own Node; otherwise runs the same command in it and exits with its exit code. Throws a
 * CommandError if the packages cannot be installed.
 */
export async function ensureInstalled() {
  if (!isInstalled()) await installOnce();
  if (realpathSync(process.execPath) !== realpathSync(OWN_NODE)) process.exit(await runInOwnNode());
}

/**
 * Calls `stop` when the process that started this one has ended: npm does not end its children when
 * it is killed. Does nothing if that process is neither npm nor ours: a server may outlive a shell
 * (nohup).
 * @param {() => void} stop
 */
export function stopWithParent(stop) {
  if (!process.env.npm_lifecycle_event && !process.env.SATCHEL_OWN_NODE) return;
  setInterval(() => {
    if (parentIds() !== INITIAL_PARENTS) stop();
  }, PARENT_CHECK_MS).unref();
}

/** The id of the parent; if that is the shell in which npm runs scripts on Linux, also npm's. */
function parentIds() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const [, command, parent] = /\((.*)\) \S (\d+)/s.exec(stat);
    return command.endsWith("sh") ? `${process.ppid} ${parent}` : `${process.ppid}`;
  } catch {
    return `${process.ppid}`;
  }
}

/** Whether the installed packages, as npm recorded them, are those of package-lock.json. */
function isInstalled() {
  if (!existsSync(OWN_NODE)) return false;
  const required = readLock(join(ROOT, "package-lock.json"));
  // npm deletes this file before it changes node_modules and writes it when it has finished.
  const installed = readLock(join(ROOT, "node_modules", ".package-lock.json"));
  return Object.entries(required).every(
    ([path, { version, optional }]) =>
      path === "" || installed[path]?.version === version || (optional && !installed[path]),
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

/** Installs the packages, or waits for another process that does (npm start beside npm test). */
async function installOnce() {
  while (!isInstalled()) {
    const release = await tryLock();
    if (!release) await waitForUnlock();
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
  // npm would empty the linked folder, which another checkout uses.
  if (lstatSync(join(ROOT, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new CommandError(
      "node_modules is a symbolic link to a folder with other packages: run npm ci there, or remove the link.",
    );
  }
  console.error("Installing the packages of package-lock.json ...");
  // If npm started this process, use the same npm: the one on the PATH may be another version.
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
    throw new CommandError("The packages could not be installed; see npm's output above.");
  }
  if (!isInstalled()) {
    throw new CommandError(
      "npm installed the packages but did not run their install scripts. Set ignore-scripts=false in .npmrc and try again.",
    );
  }
}

/** @returns {Promise<{code: number | null, output: string}>} */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      shell: IS_WINDOWS && command === "npm",
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
    const child = spawn(OWN_NODE, process.argv.slice(1), {
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
    // As shells have it, if a signal came before anything could handle it.
    child.on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/**
 * The install lock is a listening socket: the system closes it even if the process is killed. Linux
 * has abstract sockets and Windows has pipes; elsewhere a killed process leaves its socket file, at
 * which connections are refused.
 */
function lockAddress() {
  const name = `satchel-install-${createHash("sha256").update(ROOT).digest("hex").slice(0, 16)}`;
  if (process.platform === "linux") return `\0${name}`;
  return IS_WINDOWS ? `\\\\.\\pipe\\${name}` : join(tmpdir(), name);
}

/** @returns {Promise<(() => void) | null>} releases the lock; null if another process holds it */
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

/** Resolves when the process that holds the lock releases it or ends. */
function waitForUnlock() {
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
