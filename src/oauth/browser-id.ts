/**
 * Which browser an app runs in: a random id in a cookie. Of the grants of one account, it tells those
 * that an app has lost (a new one was allowed in the same browser) from those on other devices.
 */

import { getCookie, setCookie } from "hono/cookie";
import { isId, randomId } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { HonoContext } from "../http/context";
import { cookieName, cookieOptions } from "../http/cookies";
import { type AppIdentity, appKind } from "./app-identity";

/** The most that browsers keep a cookie (RFC 6265bis); each consent renews it. */
const LIFETIME_MS = 400 * DAY_MS;

/**
 * The id of this browser; null for an app that runs elsewhere: a program may be allowed in the same
 * browser several times, such as for each of its profiles.
 */
export function browserIdFor(c: HonoContext, { origin, label }: AppIdentity): string | null {
  if (label !== null || appKind(origin) === "program") return null;
  const name = cookieName(c, "browser");
  const known = getCookie(c, name, cookieOptions(c).prefix);
  const id = isId(known) ? known : randomId();
  setCookie(c, name, id, { ...cookieOptions(c), maxAge: LIFETIME_MS / 1000 });
  return id;
}
