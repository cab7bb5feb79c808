/** CORS for the endpoints that apps call: §7 "All responses MUST carry CORS headers". */

import { cors } from "hono/cors";

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

/**
 * Middleware: sets the CORS headers on every response, errors and 304s included, and answers
 * preflights without touching a binding. Echoing the origin allows no more than "*" would, because
 * these endpoints ignore cookies.
 */
export const appCors = (methods: string[]) =>
  cors({
    origin: (origin) => origin || "*",
    allowMethods: methods,
    allowHeaders: ALLOWED_REQUEST_HEADERS,
    exposeHeaders: EXPOSED_RESPONSE_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
