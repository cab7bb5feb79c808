/** The packages that Satchel is compared with, installed apart from its own. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("peers/", import.meta.url));

/**
 * Installs what peers/package-lock.json names, unless it is there.
 * @returns {Promise<string | null>} why the comparison has to do without them
 */
export async function installPeers() {
  if (isInstalled()) return null;
  console.error("Installing armadietto, for the comparison alone ...");
  const { code, output } = await runNpm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  if (code === 0 && isInstalled()) return null;
  const reason = output.split("\n").find((line) => /error/i.test(line)) ?? `npm ended with ${code}`;
  return `Without armadietto, which could not be installed: ${reason.trim()}`;
}

/** npm removes its list when it starts to change node_modules, and writes it when it is done. */
function isInstalled() {
  const list = join(FOLDER, "node_modules", ".package-lock.json");
  if (!existsSync(list)) return false;
  const { packages: wanted } = JSON.parse(readFileSync(join(FOLDER, "package-lock.json"), "utf8"));
  const { packages: present } = JSON.parse(readFileSync(list, "utf8"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || present[path]?.version === version || (optional && !present[path]),
  );
}

/** @returns {Promise<{code: number | null, output: string}>} */
function runNpm(...args) {
  // Started by npm, run that very npm; its version may be another than the one on the path.
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
