/** The names and attributes of cookies. */

import type { CookieOptions } from "hono/utils/cookie";
import { settings } from "../env";
import type { HonoContext } from "./context";
import { isLoopback, resolveOrigins } from "./hosts";

/** Cookies ignore ports: two providers on one host would sign each other's users out. */
export function cookieName(c: HonoContext, name: string): string {
  const { port } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
  return port === "" ? name : `${name}-${port}`;
}

/**
 * Prefix `__Host-`: only this host can set and read the cookie, and only over TLS. Browsers treat
 * loopback as secure too. Only if the pages are served without TLS on another host is the prefix
 * dropped: otherwise nobody could sign in there.
 */
export function cookieOptions(c: HonoContext): CookieOptions {
  const { protocol, hostname } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
  const isSecure = protocol === "https:" || isLoopback(hostname);
  const common: CookieOptions = { httpOnly: true, sameSite: "Lax", path: "/" };
  return isSecure ? { ...common, secure: true, prefix: "host" } : common;
}
