/** Keeps forms of other sites from being sent in a signed-in person's name (CSRF). */

import type { Next } from "hono";
import { settings } from "../env";
import type { AppContext } from "../http/context";
import { originsOf } from "../http/hosts";
import { errorPage } from "./layout";
import { wordsOf } from "./locale";
import { WORDS } from "./messages";

/**
 * Refuses with a 403 every POST that a browser says comes from another origin. Every browser
 * says so, by Sec-Fetch-Site or at least by Origin; a client that sends neither is no browser and
 * carries nobody's cookies. The cookie is SameSite=Lax as well.
 */
export async function requireSameOrigin(c: AppContext, next: Next): Promise<Response | undefined> {
  const site = c.req.header("sec-fetch-site");
  const origin = c.req.header("origin");
  const isOwn =
    site !== undefined
      ? site === "same-origin"
      : origin === undefined || origin === originsOf(c.req.url, settings(c.env)).pages;
  if (!isOwn && c.req.method !== "GET" && c.req.method !== "HEAD") {
    return errorPage(c, 403, wordsOf(c, WORDS).notFromHere);
  }
  await next();
}
