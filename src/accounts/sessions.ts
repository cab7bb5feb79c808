/** Who is signed in: a random cookie, of which D1 keeps the hash. */

import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { isLoopback, originsOf } from "../http/hosts";
import { logFault } from "../http/log";
import { recordDeed, type Way } from "./activity";
import { deviceOf } from "./device";
import { deleteExpiredLinks } from "./link-repo";
import type { Account } from "./repo";
import {
  deleteExpiredSessions,
  deleteSession,
  insertSession,
  loadSession,
  type SessionRow,
  touchSession,
} from "./session-repo";

export { deleteExpiredLinks, deleteExpiredSessions };

/** A browser that is signed in, and whose it is. */
export type Session = SessionRow & { account: Account };

type PageContext = Context<{ Bindings: Env }>;

/** That somebody was here is written at most this often. */
const SEEN_EVERY_MS = 60 * 60 * 1000;

/**
 * Starts a session for the account, with a new cookie, and notes how the person has proved who they
 * are; the session that this browser had before, if any, ends.
 */
export async function startSession(
  c: PageContext,
  account: Account,
  way: Way,
  now: number,
): Promise<void> {
  const secret = randomSecret();
  const lifetimeMs = settings(c.env).SESSION_DAYS * DAY_MS;
  const device = deviceOf(c.req.header("user-agent"));
  const country = (c.req.raw.cf?.country as string | undefined) ?? null;
  const session = {
    hash: await sha256(secret),
    createdAt: now,
    expiresAt: now + lifetimeMs,
    provedAt: now,
    seenAt: now,
    device,
    country,
  };
  const deed = recordDeed(c.env.DB, account.id, { kind: "sign-in", way, device, country }, now);
  await insertSession(c.env.DB, account.id, session, await presentedHash(c), [deed]);
  setCookie(c, cookieName(c), secret, { ...cookieOptions(c), maxAge: lifetimeMs / 1000 });
}

/** The session of this browser, or null. */
export async function currentSession(c: PageContext, now: number): Promise<Session | null> {
  const hash = await presentedHash(c);
  const session = hash === null ? null : await loadSession(c.env.DB, hash, now);
  if (session && (session.seenAt ?? 0) <= now - SEEN_EVERY_MS) {
    const seen = touchSession(c.env.DB, session.account.id, session.hash, now);
    c.executionCtx.waitUntil(seen.catch((error) => logFault("A visit was not noted.", error)));
  }
  return session;
}

/** Who is signed in on this browser, or null. */
export const currentAccount = async (c: PageContext, now: number): Promise<Account | null> =>
  (await currentSession(c, now))?.account ?? null;

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
