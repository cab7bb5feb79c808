/** Protection against cross-site request forgery (CSRF). */

import type { Next } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { cookieName, cookieOptions } from "../http/cookies";
import { resolveOrigins } from "../http/hosts";
import { errorPage } from "./error-pages";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/**
 * Middleware: refuses with 403 every unsafe request that may come from another origin. The session
 * cookie is SameSite=Lax as well, which does not protect the forms for signing in.
 */
export async function requireSameOrigin(c: HonoContext, next: Next): Promise<Response | undefined> {
  const isSafe = c.req.method === "GET" || c.req.method === "HEAD";
  if (!isSafe && !isSameOrigin(c)) {
    return errorPage(c, 403, messagesFor(c, UI_MESSAGES).crossSiteForm);
  }
  await next();
  const isPage = c.res.ok && c.res.headers.get("content-type")?.startsWith("text/html");
  if (isSafe && isPage && c.req.header("sec-fetch-site") === undefined && !hasSameSiteCookie(c)) {
    setCookie(c, cookieName(c, SAME_SITE_COOKIE), "1", {
      ...cookieOptions(c),
      sameSite: "Strict",
    });
  }
}

/**
 * A browser's Sec-Fetch-Site decides: `none` says that no site has caused the request, but the user,
 * by restoring a tab. Without it, as in older browsers, the Origin does. That is `null` in a form of
 * another site if it likes, but also in our own where a privacy setting or a web view hides origins:
 * then a cookie decides that no other site's request has. A client that sends neither header is
 * not a browser and has no user's cookies.
 */
function isSameOrigin(c: HonoContext): boolean {
  const site = c.req.header("sec-fetch-site");
  const origin = c.req.header("origin");
  if (site === "same-origin") return true;
  const isOwn = origin === resolveOrigins(c.req.url, settings(c.env)).pages;
  if (site === "none") return isOwn || origin === undefined || origin === "null";
  if (site !== undefined) return false;
  return isOwn || origin === undefined || (origin === "null" && hasSameSiteCookie(c));
}

/** Set with each page in a browser without Sec-Fetch-Site. Its value does not matter. */
const SAME_SITE_COOKIE = "same-site";

const hasSameSiteCookie = (c: HonoContext): boolean =>
  getCookie(c, cookieName(c, SAME_SITE_COOKIE), cookieOptions(c).prefix) !== undefined;
