/** §7: "All responses MUST carry CORS headers". For every door that apps call from their pages. */

import { cors } from "hono/cors";

/** Chromium keeps a preflight no longer than this. */
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
 * Puts the headers on every response of the routes it is mounted on, errors and 304s included, and
 * answers preflights without touching a binding. The origin is echoed, which allows no more than
 * "*" would: no cookie opens these doors.
 */
export const appCors = (methods: string[]) =>
  cors({
    origin: (origin) => origin || "*",
    allowMethods: methods,
    allowHeaders: ALLOWED_REQUEST_HEADERS,
    exposeHeaders: EXPOSED_RESPONSE_HEADERS,
    maxAge: PREFLIGHT_MAX_AGE_SECONDS,
  });
