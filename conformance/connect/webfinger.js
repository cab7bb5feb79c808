/** Finds the storage of an account by WebFinger (§10, RFC 7033). */

import { draftNumber, NEWEST_DRAFT, OLDEST_DRAFT } from "../run/drafts.js";

/** The relations of all drafts. */
const RELATIONS = new Set([
  "http://tools.ietf.org/id/draft-dejong-remotestorage",
  "remotestorage",
  "remoteStorage",
]);

const MAX_REDIRECTS = 3;

const VERSION = "http://remotestorage.io/spec/version";

/** Why a provider could not be found, as a sentence. */
export class DiscoveryError extends Error {
  name = "DiscoveryError";
}

/**
 * Asks the host of an address for the record of the account, and follows redirects. localhost is asked over
 * http, other hosts over https.
 * @param {import("../run/http.js").Send} send
 * @param {string} address such as "alice@example.com"
 * @returns {Promise<{record: import("../run/answer.js").Answer, recordUrl: string}>}
 */
export async function findRecord(send, address) {
  const [, user, host] = /^([^@\s]+)@([^@\s/]+)$/.exec(address) ?? [];
  if (!user) throw new DiscoveryError(`${address} is no address such as alice@example.com.`);
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
  const origin = `${isLocal ? "http" : "https"}://${host}`;
  const recordUrl = `${origin}/.well-known/webfinger?resource=acct:${user}@${host}`;
  let record = await send(recordUrl);
  for (let hops = 0; hops < MAX_REDIRECTS && isRedirect(record); hops++) {
    record = await send(`${new URL(String(record.headers.get("location")), record.request.url)}`);
  }
  if (!record.ok) {
    throw new DiscoveryError(`${host} answered WebFinger for ${address} with ${record.status}.`);
  }
  return { record, recordUrl };
}

/** @param {import("../run/answer.js").Answer} answer */
const isRedirect = ({ status, headers }) =>
  status >= 300 && status < 400 && headers.get("location") !== null;

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
