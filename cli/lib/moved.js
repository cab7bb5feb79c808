/** What a move has copied, so that another one only reads what was changed since. */

import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { replaceFile } from "./files.js";

/** @typedef {{source: string, target: string}} Versions the ETags of two documents that are equal */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} from storage root
 * @param {string} to storage root
 */
function stateFile(env, from, to) {
  const folder = env.XDG_STATE_HOME || join(env.HOME || homedir(), ".local", "state");
  const key = createHash("sha256").update(`${from} ${to}`).digest("hex").slice(0, 16);
  return join(folder, "satchel", `move-${key}.json`);
}

/**
 * Loads what was copied; nothing if that cannot be read.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} from
 * @param {string} to
 * @returns {Promise<Map<string, Versions>>}
 */
export async function loadMoved(env, from, to) {
  try {
    return new Map(JSON.parse(await readFile(stateFile(env, from, to), "utf8")));
  } catch {
    return new Map();
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} from
 * @param {string} to
 * @param {Map<string, Versions>} moved
 */
export async function saveMoved(env, from, to, moved) {
  const file = stateFile(env, from, to);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await replaceFile(file, JSON.stringify([...moved]), 0o600);
}
