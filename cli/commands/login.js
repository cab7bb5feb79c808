/** `satchel login`: gets a token and stores it. */

import { discoverStorage } from "../../transfer/discover.js";
import { fetchJson } from "../../transfer/requests.js";
import { StorageClient } from "../../transfer/storage.js";
import { saveCredential } from "../lib/credentials.js";
import { EXIT } from "../lib/exit-codes.js";
import { signInByCode } from "../login/device.js";
import { signInInBrowser } from "../login/loopback.js";
import { pasteToken } from "../login/paste.js";

/** The name under which providers list the command. */
const CLIENT_ID = "Satchel command line";

const MAX_METADATA_BYTES = 64 * 1024;

/** @typedef {"code" | "browser" | "paste"} Method */

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {{address: string, token?: string, scope: string, method?: Method}} options
 */
export async function login(context, { address: typed, token, scope, method }) {
  const { env, streams, output, network, signal } = context;
  const discovery = await discoverStorage(typed, network);
  const { address, root } = discovery;
  const show = output.warn;
  /** @type {import("../lib/credentials.js").Credential} */
  const credential = token
    ? { token }
    : await signIn(discovery, { scope, method, show, signal, streams, network });
  // A token that the server refuses is not stored. Any answer but 401 is about the scope.
  const { token: accepted, origin } = credential;
  const storage = new StorageClient({ root, token: accepted, origin, network });
  await storage.list("/").catch((error) => {
    if (error.code !== "forbidden") throw error;
  });
  await saveCredential(env, address, credential, { isCurrent: true });
  output.line(`Signed in as ${address}.`);
  output.result({ address });
  return EXIT.done;
}

/**
 * @param {import("../../transfer/discover.js").Discovery} discovery
 * @param {{scope: string, method?: Method, show: (text: string) => void, signal: AbortSignal, streams: import("../lib/connection.js").Context["streams"], network: import("../../transfer/requests.js").Network}} options
 */
async function signIn(discovery, { scope, method, show, signal, streams, network }) {
  const { tokenEndpoint, codeEndpoint, authorizationEndpoint } = discovery;
  const request = { clientId: CLIENT_ID, scope };
  const surroundings = { show, signal };
  if (tokenEndpoint !== null && (method ?? "code") === "code") {
    const deviceEndpoint = await findDeviceEndpoint(tokenEndpoint, network);
    if (deviceEndpoint !== null) {
      return signInByCode({ ...request, deviceEndpoint, tokenEndpoint }, surroundings);
    }
  }
  if (tokenEndpoint !== null && codeEndpoint !== null && method !== "paste") {
    return signInInBrowser({ ...request, codeEndpoint, tokenEndpoint }, surroundings);
  }
  return pasteToken({ ...request, authorizationEndpoint }, { ...surroundings, streams });
}

/**
 * The device authorization endpoint, if the server's metadata (RFC 8414) has one on the same host.
 * @param {string} tokenEndpoint
 * @param {import("../../transfer/requests.js").Network} network
 */
async function findDeviceEndpoint(tokenEndpoint, network) {
  const { origin } = new URL(tokenEndpoint);
  const url = `${origin}/.well-known/oauth-authorization-server`;
  const { body } = await fetchJson(
    url,
    { checkUrl: () => {}, maxBytes: MAX_METADATA_BYTES },
    network,
  );
  const endpoint = /** @type {any} */ (body)?.device_authorization_endpoint;
  const isOwn = URL.canParse(endpoint) && new URL(endpoint).origin === origin;
  return isOwn ? String(endpoint) : null;
}
