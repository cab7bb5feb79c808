/** Middleware that measures, logs and counts every request. */

import type { Next } from "hono";
import { routePath } from "hono/route";
import type { HonoContext } from "../http/context";
import { logRequest } from "../platform/log";
import {
  type RequestContext,
  requestIdOf,
  runWithRequestContext,
} from "../platform/request-context";
import { countRequest, flushTrafficIfDue } from "./traffic";

/** Cloudflare's request id: sixteen hexadecimal digits, and the data center. */
const CF_RAY_PATTERN = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;

/** Methods that are logged by name; a client may send any other text. */
const LOGGED_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

/**
 * Logs a line for each request, unless LOG_REQUESTS is "no", and counts it. The clock of a Worker only
 * advances on I/O, so `milliseconds` is the time spent waiting until the response began, not CPU time.
 */
export async function measureRequests(c: HonoContext, next: Next): Promise<void> {
  const startedAt = Date.now();
  const ray = c.req.header("cf-ray");
  const id = ray !== undefined && CF_RAY_PATTERN.test(ray) ? ray : null;
  const context: RequestContext = { id, calls: 0 };
  await runWithRequestContext(context, next);
  const now = Date.now();
  const { method } = c.req;
  const entry = {
    route: routePath(c),
    status: c.res.status,
    milliseconds: now - startedAt,
    bytes:
      contentLength(c.req.raw.headers) + (method === "HEAD" ? 0 : contentLength(c.res.headers)),
  };
  if (c.env.LOG_REQUESTS !== "no") {
    const loggedMethod = LOGGED_METHODS.includes(method) ? method : "other";
    logRequest({ id: requestIdOf(context), method: loggedMethod, calls: context.calls, ...entry });
  }
  countRequest(entry, now);
  const flush = flushTrafficIfDue(c.env.DB, now);
  if (flush) c.executionCtx.waitUntil(flush);
}

const contentLength = (headers: Headers): number => {
  const bytes = Number(headers.get("content-length") ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
};
