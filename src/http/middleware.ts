/** What a request has to pass before it reaches a room: a sound host, TLS, the room's own host. */

import type { Next } from "hono";
import { settings } from "../env";
import type { HonoContext } from "./context";
import { type HostRole, isBehindCloudflare, isServedOn } from "./hosts";

/** Answers 400 to a Host header that names none: everything after this can parse the URL. */
export async function rejectInvalidHost(c: HonoContext, next: Next): Promise<Response | undefined> {
  if (!URL.canParse(c.req.url)) {
    return c.text("The Host header names no host.", 400, { "Access-Control-Allow-Origin": "*" });
  }
  await next();
}

/**
 * §4: "Client-to-server requests SHOULD be made over HTTPS". Cloudflare also hands on what came in
 * clear; a page is sent to https then. Apps are not: browsers follow no redirect of a preflight,
 * and what they had to hide is sent by then. Elsewhere it is the operator who sees to TLS.
 */
export async function requireTls(c: HonoContext, next: Next): Promise<Response | undefined> {
  const url = new URL(c.req.url);
  if (url.protocol === "http:" && isBehindCloudflare(c)) {
    url.protocol = "https:";
    return c.redirect(url.href, 308);
  }
  await next();
}

/** Answers 404 where the room is not on this host. */
export const requireHostRole =
  (role: HostRole) =>
  async (c: HonoContext, next: Next): Promise<Response | undefined> => {
    if (!isServedOn(role, c.req.url, settings(c.env))) return c.text("There is nothing here.", 404);
    await next();
  };
