/** From an address to a storage that commands can use. */

import { DatabasesClient } from "../../transfer/databases/client.js";
import { discoverStorage, isLoopback } from "../../transfer/discover.js";
import { TransferError } from "../../transfer/requests.js";
import { StorageClient } from "../../transfer/storage.js";
import { loadCredentials, saveCredential } from "./credentials.js";
import { requestToken } from "./oauth.js";

/** A token that ends sooner is refreshed before it is used. */
const MIN_LIFETIME_MS = 60_000;

/**
 * @typedef {object} Connection
 * @property {string} address
 * @property {StorageClient} storage
 * @property {string | null} quota where the quota can be read
 * @property {DatabasesClient | null} databases null: the server has none that can be read as a whole
 */

/**
 * @typedef {object} Context what every command is given
 * @property {NodeJS.ProcessEnv} env
 * @property {Pick<import("./host.js").Host, "stdin" | "stdout" | "stderr">} streams
 * @property {import("./output.js").Output} output
 * @property {import("../../transfer/requests.js").Network} network
 * @property {AbortSignal} signal
 */

/**
 * Connects with the address and token given, or of the environment, or of `login`. An address may also
 * be a storage root, for servers without WebFinger.
 * @param {Context} context
 * @param {{address?: string, token?: string}} given
 * @returns {Promise<Connection>}
 */
export async function connect({ env, network }, given) {
  const { current, accounts } = await loadCredentials(env);
  const typed = given.address ?? (env.SATCHEL_ADDRESS || current);
  if (!typed) {
    const message = "No address: use --address, SATCHEL_ADDRESS or satchel login.";
    throw new TransferError("no-address", message);
  }
  const { address, root, quota, databases: url, batch: batchUrl } = await findRoot(typed, network);
  const saved = accounts[address];
  const token = given.token ?? (env.SATCHEL_TOKEN || (saved ? tokenSource(address, env) : null));
  if (typeof token === "string" && !/^[\x21-\x7e]*$/.test(token)) {
    throw new TransferError("malformed", "The token has characters that no token has.");
  }
  const origin = saved?.origin ?? null;
  // Only Satchel has databases that can be read as a whole.
  const keepsTimes = url !== null;
  const storage = new StorageClient({ root, token, origin, keepsTimes, batchUrl, network });
  const databases = url === null ? null : new DatabasesClient(url, storage);
  return { address, quota, storage, databases };
}

/**
 * @param {string} address
 * @param {import("../../transfer/requests.js").Network} network
 * @returns {Promise<Pick<import("../../transfer/discover.js").Discovery, "address" | "root" | "quota" | "databases" | "batch">>}
 */
async function findRoot(address, network) {
  if (!/^https?:\/\//i.test(address)) return discoverStorage(address, network);
  if (!URL.canParse(address)) throw new TransferError("malformed", `"${address}" is no URL.`);
  const { protocol, hostname } = new URL(address);
  if (protocol === "http:" && !isLoopback(hostname)) {
    throw new TransferError(
      "insecure",
      `${hostname} is to be reached without encryption: refused.`,
    );
  }
  return { address, root: address, quota: null, databases: null, batch: null };
}

/**
 * The token of an address as `login` has stored it, refreshed when it is about to end.
 * @param {string} address
 * @param {NodeJS.ProcessEnv} env
 */
function tokenSource(address, env) {
  /** @type {Promise<import("./credentials.js").Credential> | undefined} */
  let pending;
  const load = async () => {
    const credential = (await loadCredentials(env)).accounts[address];
    if (!credential) {
      throw new TransferError("unauthorized", `There is no token for ${address} any more.`);
    }
    const {
      expiresAt = Number.POSITIVE_INFINITY,
      refreshToken,
      tokenEndpoint,
      clientId,
    } = credential;
    if (expiresAt > Date.now() + MIN_LIFETIME_MS || !refreshToken || !tokenEndpoint)
      return credential;
    const refreshed = await requestToken(tokenEndpoint, {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: clientId ?? "",
    });
    // Stored before it is used: the old refresh token does not work again.
    await saveCredential(env, address, { ...credential, ...refreshed });
    return { ...credential, ...refreshed };
  };
  return async () => {
    const { expiresAt = Number.POSITIVE_INFINITY } = (await pending) ?? { expiresAt: 0 };
    if (expiresAt <= Date.now() + MIN_LIFETIME_MS) pending = load();
    return /** @type {import("./credentials.js").Credential} */ (await pending).token;
  };
}
