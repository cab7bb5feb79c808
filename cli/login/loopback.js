/** Sign-in in the browser of this computer: code flow with PKCE on a loopback port (RFC 8252 §7.3). */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { TransferError } from "../../transfer/requests.js";
import { requestToken } from "../lib/oauth.js";

const PAGE =
  "<!doctype html><title>satchel</title><p>You can close this page and go on in the terminal.";

/**
 * Shows the user an address to open, and waits until the provider leads their browser back here.
 * @param {{codeEndpoint: string, tokenEndpoint: string, clientId: string, scope: string}} request
 * @param {{show: (text: string) => void, signal: AbortSignal}} surroundings
 * @returns {Promise<import("../lib/credentials.js").Credential>}
 */
export async function signInInBrowser(
  { codeEndpoint, tokenEndpoint, clientId, scope },
  { show, signal },
) {
  const state = randomBytes(16).toString("base64url");
  const verifier = randomBytes(32).toString("base64url");
  const server = createServer();
  server.listen(0, "127.0.0.1");
  try {
    await once(server, "listening", { signal });
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const redirectUri = `http://127.0.0.1:${port}/`;
    const url = new URL(codeEndpoint);
    const parameters = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      scope,
      state,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    show(`Open this address in a browser on this computer:\n\n  ${url}\n`);
    const code = await receiveCode(server, state, signal);
    return await requestToken(tokenEndpoint, {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/**
 * Requests with another `state` are not the provider's, and are ignored.
 * @param {import("node:http").Server} server
 * @param {string} state
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
async function receiveCode(server, state, signal) {
  for (;;) {
    const [request, response] = await once(server, "request", { signal });
    const { searchParams } = new URL(request.url, "http://127.0.0.1");
    if (searchParams.get("state") !== state) {
      response.writeHead(404).end();
      continue;
    }
    response.writeHead(200, { "Content-Type": "text/html", Connection: "close" }).end(PAGE);
    const code = searchParams.get("code");
    if (code !== null) return code;
    const error = searchParams.get("error") ?? "malformed";
    const description = searchParams.get("error_description");
    throw new TransferError(error, description ?? `The provider answered with ${error}.`);
  }
}
