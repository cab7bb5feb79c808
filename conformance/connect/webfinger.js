/** Finds the storage of an account by WebFinger (§10, RFC 7033). */

import { draftNumber, NEWEST_DRAFT, OLDEST_DRAFT } from "../run/drafts.js";

/** The relations of all drafts. */
const RELATIONS = new Set([
  "http://tools.ietf.org/id/draft-dejong-remotestorage",
  "remotestorage",
  "remoteStorage",
]);

const VERSION = "http://remotestorage.io/spec/version";

/** Why a provider could not be found, as a sentence. */
export class DiscoveryError extends Error {
  name = "DiscoveryError";
}

/**
 * Asks the host of an address for the record of the account. localhost is asked over http, other hosts over
 * https, unless the address begins with http://.
 * @param {import("../run/http.js").Send} send
 * @param {string} address such as "alice@example.com"
 * @param {boolean} [isInsecure] asks over http
 * @returns {Promise<import("../run/answer.js").Answer>}
 */
export async function findRecord(send, address, isInsecure = false) {
  const [, user, host] = /^([^@\s]+)@([^@\s/]+)$/.exec(address) ?? [];
  if (!user) throw new DiscoveryError(`${address} is no address such as alice@example.com.`);
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  const origin = `${isInsecure || isLocal ? "http" : "https"}://${host}`;
  const record = await send(`${origin}/.well-known/webfinger?resource=acct:${user}@${host}`);
  if (!record.ok) {
    throw new DiscoveryError(`${host} answered WebFinger for ${address} with ${record.status}.`);
  }
  return record;
}

/**
 * What a record says about the storage. A provider that announces no draft, or one that is unknown, is judged
 * by the newest.
 * @param {import("../run/answer.js").Answer} record
 * @returns {{storageRoot: string, properties: Record<string, string | null>, draft: number, announced: string | null}}
 */
export function readRecord(record) {
  /** @type {any[]} */
  const links = record.json?.links ?? [];
  const link = links.find(({ rel }) => RELATIONS.has(rel));
  if (!link?.href) throw new DiscoveryError("The WebFinger record has no remoteStorage link.");
  const properties = link.properties ?? {};
  const announced = properties[VERSION] ?? link.type ?? null;
  const number = draftNumber(announced) ?? NEWEST_DRAFT;
  const draft = Math.min(NEWEST_DRAFT, Math.max(OLDEST_DRAFT, number));
  return { storageRoot: link.href.replace(/\/$/, ""), properties, draft, announced };
}
