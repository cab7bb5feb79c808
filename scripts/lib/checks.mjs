/** The checks that need no tests to run: types, style, and the build for Cloudflare. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./install.mjs";
import { ended, run } from "./run.mjs";

/** Several checkers would each work out the types that they share. */
const COMPILER_FLAGS = ["--noEmit", "--checkers", "1"];

/** The checks by name, each a list of commands. */
const CHECKS = {
  types: () =>
    findTypeScriptProjects().map((project) => [
      `Types of ${project}`,
      "tsc",
      ...COMPILER_FLAGS,
      "-p",
      project,
    ]),
  lint: () => [["Style", "biome", "ci", "--colors=off", "."]],
  build: () => [["Build for Cloudflare", "wrangler", "deploy", "--dry-run"]],
};

export const CHECK_NAMES = Object.keys(CHECKS);

/**
 * Runs checks, all at once. Prints a line for each, and the output of those that fail.
 * @param {string[]} [names] of CHECK_NAMES; all by default
 * @returns {Promise<boolean>} whether all passed
 */
export async function runChecks(names = CHECK_NAMES) {
  const commands = names.flatMap((name) => CHECKS[name]());
  const results = await Promise.all(
    commands.map(async (command) => {
      const result = await runCheck(...command);
      console.log(result.report);
      return result;
    }),
  );
  return results.every(({ passed }) => passed);
}

/**
 * Runs all checks one after the other, beside other work, and prints nothing.
 * @returns {Promise<{passed: boolean, report: string}>} whether all passed, and what `runChecks` would have printed
 */
export async function runChecksInTurn() {
  const results = [];
  for (const command of Object.values(CHECKS).flatMap((commands) => commands())) {
    results.push(await runCheck(...command));
  }
  return {
    passed: results.every(({ passed }) => passed),
    report: results.map(({ report }) => report).join("\n"),
  };
}

/** The project folder, which has the Worker and its tests, and the folders with a tsconfig.json of their own. */
function findTypeScriptProjects() {
  const tests = readdirSync(join(ROOT, "test")).map((name) => `test/${name}`);
  return [".", "client", "transfer", "cli", "conformance", ...tests]
    .map((folder) => `${folder}/tsconfig.json`)
    .filter((project) => existsSync(join(ROOT, project)));
}

/** The report has the command's output only if it fails. */
async function runCheck(title, command, ...args) {
  const start = performance.now();
  let output = "";
  const child = run(command, args, ["ignore", "pipe", "pipe"]);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const passed = (await ended(child)) === 0;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const line = `${passed ? "ok    " : "FAILED"} ${title} (${seconds} s)`;
  return { passed, report: passed ? line : `${line}\n${output.trimEnd()}` };
}
