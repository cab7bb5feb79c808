/** Who is signed in: a random cookie, of which D1 keeps the hash. */

import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { isLoopback, originsOf } from "../http/hosts";
import {
  type Account,
  deleteExpiredSessions,
  deleteSession,
  insertSession,
  loadSession,
} from "./repo";

export { deleteExpiredSessions };

type PageContext = Context<{ Bindings: Env }>;

/** Starts a session for the account, with a new cookie; the session before, if any, ends. */
export async function startSession(c: PageContext, account: Account, now: number): Promise<void> {
  const secret = randomSecret();
  const lifetimeMs = settings(c.env).SESSION_DAYS * DAY_MS;
  const session = {
    hash: await sha256(secret),
    account: account.id,
    createdAt: now,
    expiresAt: now + lifetimeMs,
  };
  await insertSession(c.env.DB, session, await presentedHash(c));
  setCookie(c, cookieName(c), secret, { ...cookieOptions(c), maxAge: lifetimeMs / 1000 });
}

/** Who is signed in on this browser, or null. */
export async function currentAccount(c: PageContext, now: number): Promise<Account | null> {
  const hash = await presentedHash(c);
  return hash === null ? null : loadSession(c.env.DB, hash, now);
}

/** Ends the session of this browser: the cookie is worth nothing from now on. */
export async function endSession(c: PageContext): Promise<void> {
  const hash = await presentedHash(c);
  if (hash !== null) await deleteSession(c.env.DB, hash);
  setCookie(c, cookieName(c), "", { ...cookieOptions(c), maxAge: 0 });
}

/** Cookies know no ports: two providers on one host would sign each other's people out. */
function cookieName(c: PageContext): string {
  const { port } = new URL(originsOf(c.req.url, settings(c.env)).pages);
  return port === "" ? "session" : `session-${port}`;
}

async function presentedHash(c: PageContext): Promise<string | null> {
  const secret = getCookie(c, cookieName(c), cookieOptions(c).prefix);
  return secret ? sha256(secret) : null;
}

/**
 * `__Host-`: only this very host can set or read it, only over TLS. Browsers take loopback for
 * secure too; only where the pages are served in clear on another host does the prefix have to go,
 * or nobody could sign in there.
 */
function cookieOptions(c: PageContext): CookieOptions {
  const { protocol, hostname } = new URL(originsOf(c.req.url, settings(c.env)).pages);
  const isSecure = protocol === "https:" || isLoopback(hostname);
  const common: CookieOptions = { httpOnly: true, sameSite: "Lax", path: "/" };
  return isSecure ? { ...common, secure: true, prefix: "host" } : common;
}
