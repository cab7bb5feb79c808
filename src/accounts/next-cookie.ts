/**
 * The page that a user wanted to open before they could not sign in, such as the dialog of an app.
 * Recovery leads over several pages, links in emails and of administrators, and new sign-in methods,
 * so it is kept in a cookie of this browser instead of the query of each of them.
 */

import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { DAY_MS } from "../core/time";
import type { HonoContext } from "../http/context";
import { cookieName, cookieOptions } from "../http/cookies";
import { nextPath } from "./form-input";

/** As long as a link from an administrator is valid. */
const LIFETIME_MS = DAY_MS;

/** RFC 6265 §6.1: browsers keep 4,096 bytes of name, value and attributes, and drop a longer cookie. */
const MAX_ENCODED_LENGTH = 3800;

/** Remembers the path to continue to; the home page needs no cookie. */
export function rememberNext(c: HonoContext, next: string): void {
  if (next === "/" || encodeURIComponent(next).length > MAX_ENCODED_LENGTH) return;
  const maxAge = LIFETIME_MS / 1000;
  setCookie(c, cookieName(c, "next"), next, { ...cookieOptions(c), maxAge });
}

/** The path to continue to; null: none is remembered. */
export function rememberedNext(c: HonoContext): string | null {
  const path = nextPath(c, getCookie(c, cookieName(c, "next"), cookieOptions(c).prefix));
  return path === "/" ? null : path;
}

/** Forgets the path: the user is on the way there, or signed in without help. */
export function forgetNext(c: HonoContext): void {
  if (rememberedNext(c) !== null) deleteCookie(c, cookieName(c, "next"), cookieOptions(c));
}
