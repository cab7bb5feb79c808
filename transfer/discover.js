/** Finds the storage of an address: WebFinger (RFC 7033), in every form that the drafts have had. */

import { fetchJson, TransferError } from "./requests.js";

/** Relations of the link: the first since draft 03, the others before. */
const STORAGE_RELS = [
  "http://tools.ietf.org/id/draft-dejong-remotestorage",
  "remotestorage",
  "remoteStorage",
];

/** Names of the link's properties. Old servers have others, such as `auth-endpoint`. */
const PROPERTY = {
  version: "http://remotestorage.io/spec/version",
  implicitGrant: "http://tools.ietf.org/html/rfc6749#section-4.2",
  authorizationEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.1",
  tokenEndpoint: "http://tools.ietf.org/html/rfc6749#section-3.2",
  challengeMethods: "http://tools.ietf.org/html/rfc7636",
  ranges: "http://tools.ietf.org/html/rfc7233",
  quota: "urn:x-satchel:quota",
  databases: "urn:x-satchel:databases:1",
  batch: "urn:x-satchel:batch:1",
};

const MAX_JRD_BYTES = 256 * 1024;

/**
 * The storage of an address.
 * @typedef {object} Discovery
 * @property {string} address
 * @property {string} root the storage root, without a slash at its end
 * @property {string | null} version such as "draft-dejong-remotestorage-26"
 * @property {string | null} authorizationEndpoint of the implicit grant
 * @property {string | null} codeEndpoint of the code grant with PKCE (S256)
 * @property {string | null} tokenEndpoint
 * @property {boolean} hasRanges
 * @property {string | null} quota where the quota can be read
 * @property {string | null} databases where databases can be read and written as a whole
 * @property {string | null} batch where many documents can be read at once
 */

/**
 * Asks the host of an address for its storage: `/.well-known/webfinger`, then `host-meta.json` as
 * servers before RFC 7033 have it. Refuses with `malformed` what is no address, with `not-found` a host
 * without storage for it, with `insecure` plain http to any host but this computer.
 * @param {string} address such as alice@example.com
 * @param {import("./requests.js").Network} [network]
 * @returns {Promise<Discovery>}
 */
export async function discoverStorage(address, network = {}) {
  const { user, host } = parseAddress(address);
  const isLocal = isLoopback(new URL(`https://${host}`).hostname);
  const origin = `${isLocal ? "http" : "https"}://${host}`;
  const resource = encodeURIComponent(`acct:${user}@${host}`);
  /** @param {URL} url */
  const checkUrl = (url) => requireSecure(url, isLocal);
  /** @type {unknown} */
  let failure;
  for (const name of ["webfinger", "host-meta.json"]) {
    const url = `${origin}/.well-known/${name}?resource=${resource}`;
    try {
      const { body } = await fetchJson(url, { checkUrl, maxBytes: MAX_JRD_BYTES }, network);
      const link = findStorageLink(body);
      if (link) return describe(`${user}@${host}`, link, checkUrl);
    } catch (error) {
      if (error instanceof TransferError && error.code === "insecure") throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  throw new TransferError("not-found", `${host} has no storage for ${user}@${host}.`);
}

/** @param {string} address */
function parseAddress(address) {
  const [, user, host] = /^(?:acct:)?([^@\s/]+)@([^@/?#\s]+)$/i.exec(address.trim()) ?? [];
  if (!user || !host || !URL.canParse(`https://${host}`)) {
    const message = `"${address}" is not an address such as alice@example.com.`;
    throw new TransferError("malformed", message);
  }
  return { user, host: new URL(`https://${host}`).host };
}

/**
 * @typedef {{href: string, type: string | null, properties: Record<string, unknown>}} StorageLink
 */

/**
 * @param {unknown} jrd
 * @returns {StorageLink | null}
 */
function findStorageLink(jrd) {
  const links = isObject(jrd) && Array.isArray(jrd.links) ? jrd.links.filter(isObject) : [];
  for (const rel of STORAGE_RELS) {
    const link = links.find((one) => one.rel === rel && typeof one.href === "string");
    if (link) {
      return {
        href: String(link.href),
        type: typeof link.type === "string" ? link.type : null,
        properties: isObject(link.properties) ? link.properties : {},
      };
    }
  }
  return null;
}

/**
 * @param {string} address
 * @param {StorageLink} link
 * @param {(url: URL) => void} checkUrl
 * @returns {Discovery}
 */
function describe(address, { href, type, properties }, checkUrl) {
  if (!URL.canParse(href)) {
    throw new TransferError("malformed", `The storage root of ${address} is no URL.`);
  }
  checkUrl(new URL(href));
  /** Servers write "no" as null, false, "false" or "". @param {string} name */
  const text = (name) => {
    const value = properties[name];
    return typeof value === "string" && value !== "" && value !== "false" ? value : null;
  };
  /** @param {string} name */
  const url = (name) => {
    const value = text(name);
    if (value === null || !URL.canParse(value)) return null;
    checkUrl(new URL(value));
    return value;
  };
  const hasPkce = /(?:^|[\s,])S256(?:$|[\s,])/.test(text(PROPERTY.challengeMethods) ?? "");
  const implicit = url(PROPERTY.implicitGrant) ?? url("auth-endpoint");
  return {
    address,
    root: href.replace(/\/+$/, ""),
    version: text(PROPERTY.version) ?? type,
    authorizationEndpoint: implicit,
    codeEndpoint: hasPkce ? (url(PROPERTY.authorizationEndpoint) ?? implicit) : null,
    tokenEndpoint: url(PROPERTY.tokenEndpoint),
    hasRanges: properties[PROPERTY.ranges] === true || text(PROPERTY.ranges) !== null,
    quota: url(PROPERTY.quota),
    databases: url(PROPERTY.databases),
    batch: url(PROPERTY.batch),
  };
}

/**
 * Throws `insecure` for plain http, except to this computer if the address is of this computer.
 * @param {URL} url
 * @param {boolean} isLocal
 */
function requireSecure(url, isLocal) {
  const { protocol, hostname, host } = url;
  if (protocol === "https:" || (protocol === "http:" && isLocal && isLoopback(hostname))) return;
  throw new TransferError("insecure", `${host} is to be reached without encryption: refused.`);
}

/** @param {string} hostname */
export const isLoopback = (hostname) =>
  /^(?:.+\.)?localhost$|^127(?:\.\d+){3}$|^\[::1\]$/.test(hostname);

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null;
