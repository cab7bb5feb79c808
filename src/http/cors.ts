/** CORS for the endpoints that apps call: §7 "All responses MUST carry CORS headers". */

import type { MiddlewareHandler, Next } from "hono";
import { cors } from "hono/cors";
import type { HonoContext } from "./context";

/** The longest that Chromium caches a preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = 7200;

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
  "Retry-After",
  "WWW-Authenticate",
];

const EXPOSED_RESPONSE_HEADERS_LIST = EXPOSED_RESPONSE_HEADERS.join(",");

/** A longer list of requested headers is not echoed. Browsers send the few names that an app has set. */
const MAX_REQUESTED_HEADERS_CHARACTERS = 2048;

/**
 * Middleware: sets the CORS headers on every response, errors and 304s included, and answers
 * preflights without touching a binding. Echoing the origin allows no more than "*" would, because
 * these endpoints ignore cookies. For the same reason a preflight allows whatever headers it asks for,
 * such as those that tracing adds to all requests of an app, and requests from public sites to a
 * server in a private network.
 */
export function appCors(methods: string[]) {
  const preflight = cors({
    origin: (origin) => origin || "*",
    allowMethods: methods,
    allowHeaders: ALLOWED_REQUEST_HEADERS,
    exposeHeaders: EXPOSED_RESPONSE_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
  return async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    if (c.req.method === "OPTIONS") return answerPreflight(c, preflight);
    await next();
    // Only now, on the response that there is: Hono copies a response that gets headers in advance.
    const { headers } = c.res;
    headers.set("Access-Control-Allow-Origin", c.req.header("origin") || "*");
    headers.set("Access-Control-Expose-Headers", EXPOSED_RESPONSE_HEADERS_LIST);
    headers.append("Vary", "Origin");
  };
}

async function answerPreflight(
  c: HonoContext,
  preflight: MiddlewareHandler,
): Promise<Response | undefined> {
  const response = (await preflight(c, async () => {})) ?? undefined;
  const allowed = [...ALLOWED_REQUEST_HEADERS, ...requestedHeaders(c)];
  c.header("Access-Control-Allow-Headers", allowed.join(","));
  if (c.req.header("access-control-request-private-network") === "true") {
    c.header("Access-Control-Allow-Private-Network", "true");
  }
  return response;
}

/** The header names (RFC 9110 §5.6.2: tokens) that a preflight asks for and that are not always allowed. */
function requestedHeaders(c: HonoContext): string[] {
  const list = c.req.header("access-control-request-headers") ?? "";
  if (list.length > MAX_REQUESTED_HEADERS_CHARACTERS) return [];
  const alwaysAllowed = ALLOWED_REQUEST_HEADERS.map((name) => name.toLowerCase());
  return list
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !alwaysAllowed.includes(name));
}
