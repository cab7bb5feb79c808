/**
 * Middleware before the routes: valid Host header, TLS, the right host. What every request passes
 * returns the promise of `next` instead of waiting for it, which would make each of them slower.
 */

import type { MiddlewareHandler, Next } from "hono";
import { settings } from "../env";
import { logWarning } from "../platform/log";
import type { HonoContext } from "./context";
import {
  forwardedProtocol,
  type HostRole,
  isBehindCloudflare,
  isBehindUntrustedProxy,
  isServedOn,
} from "./hosts";

/** Answers 400 to an invalid Host header, so that everything after this can parse the URL. */
export const rejectInvalidHost: MiddlewareHandler = (c, next) => {
  if (URL.canParse(c.req.url)) return next();
  const headers = { "Access-Control-Allow-Origin": "*" };
  return Promise.resolve(c.text("The Host header is invalid.", 400, headers));
};

/**
 * With TRUST_PROXY the URL of the request gets the protocol that the client has used. Otherwise the log
 * says once that the announced URLs are wrong; the pages say so too.
 */
export function applyForwardedProtocol(c: HonoContext, next: Next): Promise<void> {
  if (settings(c.env).TRUST_PROXY === "yes") {
    const protocol = forwardedProtocol(c.req.raw.headers);
    if (protocol === "https" || protocol === "http") {
      c.req.raw = new Request(c.req.url.replace(/^https?/, protocol), c.req.raw);
    }
  } else if (!hasWarned && isBehindUntrustedProxy(c.req.url, c.req.raw.headers, settings(c.env))) {
    hasWarned = true;
    logWarning(
      "URLs are announced as http:, although clients use https:.",
      "Set ORIGIN, or TRUST_PROXY = yes if only the proxy can reach this server.",
    );
  }
  return next();
}

/** Whether this isolate has warned of an untrusted proxy. */
let hasWarned = false;

/**
 * Redirects pages from an old host to the current one, whose cookies and passkeys they need. Programs
 * that know an endpoint on the old host are served there.
 */
export async function redirectOldHosts(c: HonoContext, next: Next): Promise<Response | undefined> {
  const { ORIGIN, OLD_HOSTS } = settings(c.env);
  const { host, pathname, search } = new URL(c.req.url);
  const isOld = ORIGIN !== null && host !== new URL(ORIGIN).host && OLD_HOSTS.includes(host);
  if (isOld && (c.req.method === "GET" || c.req.method === "HEAD")) {
    return c.redirect(ORIGIN + pathname + search, 308);
  }
  await next();
}

/**
 * §4: "Client-to-server requests SHOULD be made over HTTPS". Redirects pages to https, since
 * Cloudflare also forwards plain HTTP. Requests of apps are not redirected: browsers do not follow
 * a redirect of a preflight, and the token has already been sent in clear. Without Cloudflare, TLS is
 * the operator's responsibility.
 */
export async function requireTls(c: HonoContext, next: Next): Promise<Response | undefined> {
  const url = new URL(c.req.url);
  if (url.protocol === "http:" && isBehindCloudflare(c)) {
    url.protocol = "https:";
    return c.redirect(url.href, 308);
  }
  await next();
}

/** Answers 404 on a host without this role. */
export const requireHostRole =
  (role: HostRole) =>
  async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    if (!isServedOn(role, c.req.url, settings(c.env))) return c.text("Not found.", 404);
    await next();
  };
