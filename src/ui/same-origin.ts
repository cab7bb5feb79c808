/** Protection against cross-site request forgery (CSRF). */

import type { Next } from "hono";
import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { resolveOrigins } from "../http/hosts";
import { errorPage } from "./error-pages";
import { messagesFor } from "./language";
import { UI_MESSAGES } from "./messages";

/**
 * Middleware: refuses with 403 every unsafe request that a browser marks as coming from another
 * origin. All browsers send Sec-Fetch-Site or at least Origin; a client that sends neither is not a
 * browser and has no user's cookies. The session cookie is SameSite=Lax as well.
 */
export async function requireSameOrigin(c: HonoContext, next: Next): Promise<Response | undefined> {
  const site = c.req.header("sec-fetch-site");
  const origin = c.req.header("origin");
  const isSameOrigin =
    site !== undefined
      ? site === "same-origin"
      : origin === undefined || origin === resolveOrigins(c.req.url, settings(c.env)).pages;
  if (!isSameOrigin && c.req.method !== "GET" && c.req.method !== "HEAD") {
    return errorPage(c, 403, messagesFor(c, UI_MESSAGES).crossSiteForm);
  }
  await next();
}
