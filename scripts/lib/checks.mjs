/** The checks that need no tests to run: types, style, and the build for Cloudflare. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./install.mjs";
import { ended, run } from "./run.mjs";

/** Folders whose subfolders may have a tsconfig.json of their own. */
const NESTED_FOLDERS = ["test", "bench"];

/** The checks by name, each a list of commands. */
const CHECKS = {
  types: () =>
    findTypeScriptProjects().map((project) => [
      `Types of ${project}`,
      "tsc",
      "--noEmit",
      "-p",
      project,
    ]),
  lint: () => [["Style", "biome", "ci", "--colors=off", "."]],
  build: () => [["Build for Cloudflare", "wrangler", "deploy", "--dry-run"]],
};

export const CHECK_NAMES = Object.keys(CHECKS);

/**
 * Runs checks in parallel, and prints a line for each.
 * @param {string[]} [names] of CHECK_NAMES; all by default
 * @returns {Promise<boolean>} whether all passed
 */
export async function runChecks(names = CHECK_NAMES) {
  const commands = names.flatMap((name) => CHECKS[name]());
  const results = await Promise.all(commands.map((command) => runCheck(...command)));
  return results.every(Boolean);
}

function findTypeScriptProjects() {
  const nested = NESTED_FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`),
  );
  return [".", "test", "client", "transfer", "cli", "conformance", ...nested]
    .map((folder) => `${folder}/tsconfig.json`)
    .filter((project) => existsSync(join(ROOT, project)));
}

/** Prints the command's output only if it fails. */
async function runCheck(title, command, ...args) {
  const start = performance.now();
  let output = "";
  const child = run(command, args, ["ignore", "pipe", "pipe"]);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const code = await ended(child);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${title} (${seconds} s)`);
  if (code !== 0) console.log(output.trimEnd());
  return code === 0;
}
