/** Finds a user's Satchel by their address: WebFinger, RFC 7033. */

import { fetchJson, SatchelError } from "./http.js";

const REL = "http://tools.ietf.org/id/draft-dejong-remotestorage";

/** Names of the link's properties. */
const PROPERTY = {
  rxdb: "urn:x-satchel:rxdb",
  quota: "urn:x-satchel:quota",
  authorizationEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.1",
  tokenEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.2",
};

/**
 * Asks the host of an address for its endpoints.
 * @param {string} address such as alice@example.com
 * @returns {Promise<import("./index.js").Discovery>}
 */
export async function discover(address) {
  const [, host] = /^[^@\s]+@([^@/?#\s]+)$/.exec(address) ?? [];
  if (!host || !URL.canParse(`https://${host}`))
    throw new SatchelError(
      "malformed",
      `"${address}" is not an address such as alice@example.com.`,
    );
  const origin = `${isLoopback(new URL(`https://${host}`).hostname) ? "http" : "https"}://${host}`;
  const resource = encodeURIComponent(`acct:${address}`);
  const webfinger = await fetchJson(`${origin}/.well-known/webfinger?resource=${resource}`);
  const link = webfinger.links?.find((/** @type {{rel: string}} */ { rel }) => rel === REL);
  if (typeof link?.properties?.[PROPERTY.rxdb] !== "string")
    throw new SatchelError("not-found", `${host} does not offer storage for RxDB.`);
  /** @param {string} name */
  const property = (name) => link.properties[name] ?? null;
  return {
    address,
    storage: link.href,
    quota: property(PROPERTY.quota),
    authorizationEndpoint: property(PROPERTY.authorizationEndpoint),
    tokenEndpoint: property(PROPERTY.tokenEndpoint),
    urlOf: (module) => property(PROPERTY.rxdb).replace("{module}", encodeURIComponent(module)),
  };
}

/** Browsers consider the local machine secure without TLS. @param {string} host */
const isLoopback = (host) => /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[::1\]$/.test(host);
