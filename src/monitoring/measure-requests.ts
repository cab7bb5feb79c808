/** The first gate: whatever comes in is measured, logged and counted when it goes out. */

import type { Next } from "hono";
import { routePath } from "hono/route";
import { randomId } from "../core/secrets";
import type { HonoContext } from "../http/context";
import { logRequest } from "../platform/log";
import { type RequestContext, runWithRequestContext } from "../platform/request-context";
import { countRequest, flushTrafficIfDue } from "./traffic";

/** What Cloudflare calls a request: sixteen hexadecimal digits, and where it came in. */
const CF_RAY_PATTERN = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/;

/** Those that are served, or that a browser could send: others are no words of ours. */
const LOGGED_METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

/**
 * Logs a line for each request, and counts it. The clock of a Worker stands still while it only
 * computes: milliseconds are those that it has waited for others, up to the first byte of the answer.
 */
export async function measureRequests(c: HonoContext, next: Next): Promise<void> {
  const begunAt = Date.now();
  const ray = c.req.header("cf-ray");
  const id = ray !== undefined && CF_RAY_PATTERN.test(ray) ? ray : randomId();
  const record: RequestContext = { id, calls: 0 };
  await runWithRequestContext(record, next);
  const now = Date.now();
  const { method } = c.req;
  const line = {
    id,
    method: LOGGED_METHODS.includes(method) ? method : "other",
    route: routePath(c),
    status: c.res.status,
    milliseconds: now - begunAt,
    calls: record.calls,
    bytes:
      contentLength(c.req.raw.headers) + (method === "HEAD" ? 0 : contentLength(c.res.headers)),
  };
  logRequest(line);
  countRequest(line, now);
  const flush = flushTrafficIfDue(c.env.DB, now);
  if (flush) c.executionCtx.waitUntil(flush);
}

const contentLength = (headers: Headers): number => {
  const bytes = Number(headers.get("content-length") ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
};
