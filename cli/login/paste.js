/** Sign-in at servers that know only the implicit grant: the user copies the token. */

import { createInterface } from "node:readline/promises";
import { TransferError } from "../../transfer/requests.js";

/** Nothing has to listen there: the user copies the address that the browser shows. */
const REDIRECT_URI = "http://localhost:8080/";

/**
 * Shows the user where to allow access, and reads a token, or the address that contains it.
 * @param {{authorizationEndpoint: string | null, clientId: string, scope: string}} request
 * @param {{show: (text: string) => void, signal: AbortSignal, streams: import("../lib/connection.js").Context["streams"]}} surroundings
 * @returns {Promise<import("../lib/credentials.js").Credential>}
 */
export async function pasteToken({ authorizationEndpoint, scope }, { show, signal, streams }) {
  if (authorizationEndpoint !== null) {
    const url = new URL(authorizationEndpoint);
    const parameters = {
      response_type: "token",
      client_id: new URL(REDIRECT_URI).origin,
      redirect_uri: REDIRECT_URI,
      scope,
    };
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    show(`Open this address and allow access:\n\n  ${url}\n`);
    show("The browser then fails to open a page. Copy the address of that page and paste it here,");
    show("or paste a token that you have created on your provider's pages.");
  }
  const lines = createInterface({ input: streams.stdin, output: streams.stderr });
  try {
    return parsePasted(await lines.question("Token or address: ", { signal }));
  } finally {
    lines.close();
  }
}

/** @param {string} text @returns {import("../lib/credentials.js").Credential} */
function parsePasted(text) {
  const pasted = text.trim();
  const fragment = pasted.includes("#") ? pasted.slice(pasted.indexOf("#") + 1) : "";
  const issued = new URLSearchParams(fragment).get("access_token");
  if (issued !== null) return { token: issued, origin: new URL(REDIRECT_URI).origin };
  if (/^[\x21-\x7e]+$/.test(pasted) && !pasted.includes("://")) return { token: pasted };
  throw new TransferError("malformed", "There is no token in what you have pasted.");
}
