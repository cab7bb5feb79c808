/** Keeps forms of other sites from being sent in a signed-in person's name (CSRF). */

import type { Next } from "hono";
import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { resolveOrigins } from "../http/hosts";
import { errorPage } from "./error-pages";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/**
 * Refuses with a 403 every POST that a browser says comes from another origin. Every browser
 * says so, by Sec-Fetch-Site or at least by Origin; a client that sends neither is no browser and
 * carries nobody's cookies. The cookie is SameSite=Lax as well.
 */
export async function requireSameOrigin(c: HonoContext, next: Next): Promise<Response | undefined> {
  const site = c.req.header("sec-fetch-site");
  const origin = c.req.header("origin");
  const isOwn =
    site !== undefined
      ? site === "same-origin"
      : origin === undefined || origin === resolveOrigins(c.req.url, settings(c.env)).pages;
  if (!isOwn && c.req.method !== "GET" && c.req.method !== "HEAD") {
    return errorPage(c, 403, messagesFor(c, UI_MESSAGES).crossSiteForm);
  }
  await next();
}
