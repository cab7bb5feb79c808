/** Middleware before the routes: valid Host header, TLS, the right host. */

import type { Next } from "hono";
import { settings } from "../env";
import type { HonoContext } from "./context";
import { type HostRole, isBehindCloudflare, isServedOn } from "./hosts";

/** Answers 400 to an invalid Host header, so that everything after this can parse the URL. */
export async function rejectInvalidHost(c: HonoContext, next: Next): Promise<Response | undefined> {
  if (!URL.canParse(c.req.url)) {
    return c.text("The Host header is invalid.", 400, { "Access-Control-Allow-Origin": "*" });
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
