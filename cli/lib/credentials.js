/** The tokens of `satchel login`: in a file that only its owner can read. */

import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { TransferError } from "../../transfer/requests.js";
import { replaceFile } from "./files.js";

/**
 * @typedef {object} Credential
 * @property {string} token
 * @property {number} [expiresAt] milliseconds since 1970
 * @property {string} [refreshToken]
 * @property {string} [tokenEndpoint]
 * @property {string} [clientId]
 * @property {string} [origin] for which the token was issued; some servers ask for it
 */

/** @typedef {{current: string | null, accounts: Record<string, Credential>}} Credentials */

/** @param {NodeJS.ProcessEnv} env */
export function credentialsFile(env) {
  const folder =
    env.XDG_CONFIG_HOME ||
    (process.platform === "win32" && env.APPDATA) ||
    join(env.HOME || homedir(), ".config");
  return join(folder, "satchel", "credentials.json");
}

/** Refuses with `damaged` what is no such file. @param {NodeJS.ProcessEnv} env @returns {Promise<Credentials>} */
export async function loadCredentials(env) {
  const text = await readFile(credentialsFile(env), "utf8").catch((error) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return { current: null, accounts: {} };
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${credentialsFile(env)} is damaged: delete it, and use satchel login again.`;
    throw new TransferError("damaged", message, { cause });
  }
}

/** The last that is stored: each keeps what the one before has stored. @type {Promise<void>} */
let saving = Promise.resolve();

/**
 * Stores the token of an address. A move may refresh two at the same time.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} address
 * @param {Credential} credential
 * @param {{isCurrent?: boolean}} [options] `isCurrent`: commands without --address use it from now on
 */
export function saveCredential(env, address, credential, { isCurrent = false } = {}) {
  const saved = saving.then(() => save(env, address, credential, isCurrent));
  saving = saved.catch(() => {});
  return saved;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} address
 * @param {Credential} credential
 * @param {boolean} isCurrent
 */
async function save(env, address, credential, isCurrent) {
  const { accounts, current } = await loadCredentials(env);
  const file = credentialsFile(env);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const credentials = {
    current: isCurrent ? address : current,
    accounts: { ...accounts, [address]: credential },
  };
  await replaceFile(file, `${JSON.stringify(credentials, null, 2)}\n`, 0o600);
}
