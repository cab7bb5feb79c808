/** CORS for the endpoints that apps call: §7 "All responses MUST carry CORS headers". */

import type { Next } from "hono";
import type { HonoContext } from "./context";

/** The longest that Chromium caches a preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = "7200";

const ALLOWED_REQUEST_HEADERS = [
  "Authorization", // by name: "*" does not cover it
  "Content-Type",
  "Content-Length",
  "If-Match",
  "If-None-Match",
  "If-Modified-Since",
  "If-Unmodified-Since",
  "If-Range",
  "Range",
  "Origin",
  "X-Requested-With",
];

const EXPOSED_RESPONSE_HEADERS = [
  "ETag",
  "Content-Length",
  "Content-Type",
  "Content-Range",
  "Accept-Ranges",
  "Last-Modified",
  "Allow",
  "Link",
  "Retry-After",
  "WWW-Authenticate",
].join(",");

const ALWAYS_ALLOWED = new Set(ALLOWED_REQUEST_HEADERS.map((name) => name.toLowerCase()));

/** A longer list of requested headers is not echoed. Browsers send the few names that an app has set. */
const MAX_REQUESTED_HEADERS_CHARACTERS = 2048;

/**
 * Middleware: sets the CORS headers on every response, errors and 304s included, and answers
 * preflights without touching a binding. Echoing the origin allows no more than "*" would, because
 * these endpoints ignore cookies. For the same reason a preflight allows whatever headers it asks for,
 * such as those that tracing adds to all requests of an app, and requests from public sites to a
 * server in a private network. Also sets `others` on every response but those to preflights.
 */
export const appCors =
  (methods: string[], others: [name: string, value: string][] = []) =>
  async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    if (c.req.method === "OPTIONS") return preflightResponse(c, methods);
    await next();
    // Only now, on the response that there is: Hono copies a response that gets headers in advance.
    const { headers } = c.res;
    headers.set("Access-Control-Allow-Origin", c.req.header("origin") || "*");
    headers.set("Access-Control-Expose-Headers", EXPOSED_RESPONSE_HEADERS);
    headers.append("Vary", "Origin");
    for (const [name, value] of others) headers.set(name, value);
  };

function preflightResponse(c: HonoContext, methods: string[]): Response {
  const headers: Record<string, string> = {
    "Access-Control-Allow-Origin": c.req.header("origin") || "*",
    "Access-Control-Allow-Methods": methods.join(","),
    "Access-Control-Allow-Headers": [...ALLOWED_REQUEST_HEADERS, ...requestedHeaders(c)].join(","),
    "Access-Control-Expose-Headers": EXPOSED_RESPONSE_HEADERS,
    "Access-Control-Max-Age": PREFLIGHT_MAX_AGE_SECONDS,
    Vary: "Origin, Access-Control-Request-Headers",
  };
  if (c.req.header("access-control-request-private-network") === "true") {
    headers["Access-Control-Allow-Private-Network"] = "true";
  }
  return new Response(null, { status: 204, headers });
}

/** The header names (RFC 9110 §5.6.2: tokens) that a preflight asks for and that are not always allowed. */
function requestedHeaders(c: HonoContext): string[] {
  const list = c.req.header("access-control-request-headers") ?? "";
  if (list.length > MAX_REQUESTED_HEADERS_CHARACTERS) return [];
  return list
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !ALWAYS_ALLOWED.has(name));
}
