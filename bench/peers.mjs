/** Installs the packages that Satchel is compared with, separately from its own. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("peers/", import.meta.url));

/**
 * Installs the packages of peers/package-lock.json if they are missing.
 * @returns {Promise<string | null>} null, or why they could not be installed
 */
export async function installPeers() {
  if (isInstalled()) return null;
  console.error("Installing armadietto and others for the comparison ...");
  const { code, output } = await runNpm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  if (code === 0 && isInstalled()) return null;
  const reason =
    output.split("\n").find((line) => /error/i.test(line)) ?? `npm exited with code ${code}`;
  return `Without armadietto and others: they could not be installed (${reason.trim()}).`;
}

/** npm deletes its list before it changes node_modules, and writes it when it has finished. */
function isInstalled() {
  const list = join(FOLDER, "node_modules", ".package-lock.json");
  if (!existsSync(list)) return false;
  const { packages: required } = JSON.parse(
    readFileSync(join(FOLDER, "package-lock.json"), "utf8"),
  );
  const { packages: installed } = JSON.parse(readFileSync(list, "utf8"));
  return Object.entries(required).every(
    ([path, { version, optional }]) =>
      path === "" || installed[path]?.version === version || (optional && !installed[path]),
  );
}

/** @returns {Promise<{code: number | null, output: string}>} */
function runNpm(...args) {
  // If npm started this process, use the same npm: the one on the PATH may be another version.
  const cli = process.env.npm_execpath;
  const [command, prefix] =
    cli && basename(cli) === "npm-cli.js" ? [process.execPath, [cli]] : ["npm", []];
  return new Promise((resolve) => {
    const child = spawn(command, [...prefix, ...args], {
      cwd: FOLDER,
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && command === "npm",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}
