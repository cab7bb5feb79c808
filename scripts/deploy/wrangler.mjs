/** Runs wrangler, and keeps its output for the case that it fails. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { CommandError } from "../lib/command.mjs";
import { ended, run } from "../lib/run.mjs";
import { CONFIGURATION_FILE } from "./configuration.mjs";

/**
 * Runs wrangler without asking anything.
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<{code: number | null, stdout: string, stderr: string}>}
 */
export async function runWrangler(args, env = {}) {
  const child = run("wrangler", args, ["ignore", "pipe", "pipe"], env);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) {
    child[name].setEncoding("utf8").on("data", (text) => {
      output[name] += text;
    });
  }
  const code = await ended(child);
  return { code, ...output };
}

/**
 * Runs wrangler with the configuration of this provider. Throws a CommandError with what wrangler said
 * if it fails.
 * @param {string[]} args
 * @returns {Promise<Record<string, any>[]>} the records that wrangler writes for scripts
 */
export async function runWithConfiguration(...args) {
  return withTemporaryFolder(async (folder) => {
    const records = join(folder, "records");
    writeFileSync(records, "");
    const { code, stdout, stderr } = await runWrangler([...args, "--config", CONFIGURATION_FILE], {
      WRANGLER_OUTPUT_FILE_PATH: records,
    });
    if (code !== 0) throw new CommandError(failureText(stdout, stderr));
    return readFileSync(records, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  });
}

/**
 * Runs `body` with a folder that only this user can read, and deletes it afterwards.
 * @template T
 * @param {(folder: string) => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function withTemporaryFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), "satchel-deploy-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What wrangler says from its first error on, without where it has written its log. */
function failureText(stdout, stderr) {
  const text = stripVTControlCharacters(`${stderr}\n${stdout}`);
  const start = Math.max(text.indexOf("[ERROR]"), 0);
  const lines = text
    .slice(start)
    .replace("[ERROR]", "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.includes("Logs were written to"));
  return `wrangler: ${lines.slice(0, 12).join("\n")}`;
}
