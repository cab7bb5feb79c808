/**
 * The reference server: a remoteStorage provider in memory, small enough to be read at once, at which every
 * case passes. Nothing in it is meant for use.
 */

import { createOauth } from "./oauth.js";
import { rules as soundRules } from "./rules.js";
import { createStorage } from "./storage.js";

export const ORIGIN = "https://reference.example";

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, HEAD, PUT, DELETE, POST, OPTIONS",
  "Access-Control-Allow-Headers":
    "Authorization, Content-Type, Content-Length, If-Match, If-None-Match, Range, If-Range, Origin",
  "Access-Control-Expose-Headers":
    "ETag, Content-Length, Content-Type, Content-Range, Last-Modified",
};

/**
 * Creates a server.
 * @param {Partial<import("./rules.js").Rules>} [fault] rules that differ
 * @param {Record<string, string | null>} [properties] of the WebFinger link that differ
 */
export function createReference(fault = {}, properties = {}) {
  const rules = { ...soundRules, ...fault };
  const oauth = createOauth(rules);
  const storage = createStorage(rules, oauth);

  /** @param {Request} request @returns {Promise<Response>} */
  async function route(request) {
    const { origin, pathname, searchParams } = new URL(request.url);
    if (request.method === "OPTIONS") return new Response(null, { status: 204 });
    if (pathname === "/.well-known/webfinger") {
      return describe(rules, origin, searchParams.get("resource"), properties);
    }
    if (pathname === "/oauth/token") return oauth.redeem(request);
    if (pathname.startsWith("/oauth/")) return oauth.showDialog(request);
    const match = /^\/storage\/([^/]+)(\/.*)$/.exec(pathname);
    return match ? storage(request, match[1], match[2]) : new Response(null, { status: 404 });
  }

  /** Answers a request. @param {Request} request @returns {Promise<Response>} */
  async function handle(request) {
    const response = await route(request);
    for (const [name, value] of Object.entries(CORS)) response.headers.set(name, value);
    const finished = await rules.finish(response, request);
    if (request.method !== "HEAD") return finished;
    return new Response(null, { status: finished.status, headers: finished.headers });
  }

  return { handle, consent: oauth.consent, issue: oauth.issue };
}

/**
 * The WebFinger record of a user.
 * @param {import("./rules.js").Rules} rules
 * @param {string} origin
 * @param {string | null} resource
 * @param {Record<string, string | null>} changes
 */
function describe(rules, origin, resource, changes) {
  if (resource === null) return new Response(null, { status: 400 });
  const user = /^acct:([a-z]+)@/.exec(resource)?.[1];
  if (user === undefined) return new Response(null, { status: 404 });
  const properties = {
    "http://remotestorage.io/spec/version": "draft-dejong-remotestorage-26",
    "http://tools.ietf.org/html/rfc6749#section-4.2": `${origin}/oauth/${user}`,
    "http://tools.ietf.org/html/rfc6749#section-3.1": `${origin}/oauth/${user}`,
    "http://tools.ietf.org/html/rfc6749#section-3.2": `${origin}/oauth/token`,
    "http://tools.ietf.org/html/rfc7636": "S256",
    "http://tools.ietf.org/html/rfc6750#section-2.3": null,
    "http://tools.ietf.org/html/rfc7233": "GET",
    ...changes,
  };
  const rel = "http://tools.ietf.org/id/draft-dejong-remotestorage";
  const links = rules.links([{ rel, href: `${origin}/storage/${user}`, properties }]);
  return new Response(JSON.stringify({ subject: resource, links }), {
    headers: { "Content-Type": "application/jrd+json" },
  });
}
