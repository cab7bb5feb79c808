/**
 * Browsers on which a user has signed in before, recognised by OWASP's device cookies. Such a cookie
 * outlasts the session (OWASP, "Blocking Brute Force Attacks"). Wrong passwords of others do not delay
 * these browsers.
 *
 * The cookie is "<id>.<HMAC of name and id>", and the key of the HMAC has the stored password hash in it. So
 * nothing is stored for it, and a new password makes all browsers unknown.
 */

import { getCookie, setCookie } from "hono/cookie";
import { parseUserName } from "../../core/names";
import { equalInConstantTime, hmacSha256, randomId } from "../../core/secrets";
import type { HonoContext } from "../../http/context";
import { cookieName, cookieOptions } from "../../http/cookies";

/** Long: somebody who is locked out may not have been here for a while. */
const MAX_AGE_SECONDS = 365 * 24 * 60 * 60;

/** Sets the cookie. Each sign-in gives the browser another id. */
export async function rememberBrowser(
  c: HonoContext,
  rawName: string,
  passwordHash: string,
): Promise<void> {
  const name = parseUserName(rawName);
  if (name === null) return;
  const id = randomId();
  const value = `${id}.${await sign(name, id, passwordHash)}`;
  setCookie(c, browserCookieName(c, name), value, {
    ...cookieOptions(c),
    maxAge: MAX_AGE_SECONDS,
  });
}

/** The cookie that this browser has for a user name as typed, whether or not it is genuine. */
export function browserCookie(c: HonoContext, rawName: string): string | undefined {
  const name = parseUserName(rawName);
  return name === null
    ? undefined
    : getCookie(c, browserCookieName(c, name), cookieOptions(c).prefix);
}

/** The id in a genuine cookie of a user with this password hash; otherwise null. */
export async function findBrowserId(
  cookie: string | undefined,
  name: string,
  passwordHash: string | null,
): Promise<string | null> {
  const [id = "", signature = ""] = cookie?.split(".") ?? [];
  const isGenuine = equalInConstantTime(signature, await sign(name, id, passwordHash ?? ""));
  return isGenuine && passwordHash !== null ? id : null;
}

const sign = (name: string, id: string, passwordHash: string): Promise<string> =>
  hmacSha256(`known browser ${passwordHash}`, `${name} ${id}`);

/** A cookie for each user, since several may share a browser. */
const browserCookieName = (c: HonoContext, name: string): string =>
  cookieName(c, `browser-${name}`);
