/** Who is signed in: a random cookie, of which D1 keeps the hash. */

import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { CookieOptions } from "hono/utils/cookie";
import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { isLoopback, resolveOrigins } from "../http/hosts";
import { logWarning } from "../platform/log";
import { type Deed, entryOf, recordDeed, type Way } from "./activity";
import type { Account } from "./db/accounts";
import { insertActivity } from "./db/activity";
import { isGood, type Key } from "./db/one-time-tokens";
import {
  deleteExpiredSessions,
  deleteSession,
  insertSession,
  loadSession,
  redeemSession,
  type SessionRow,
  touchSession,
} from "./db/sessions";
import { deviceOf } from "./user-agent";

export { deleteExpiredSessions };

/** A browser that is signed in, and whose it is. */
export type Session = SessionRow & { account: Account };

type PageContext = Context<{ Bindings: Env }>;

/** That somebody was here is written at most this often. */
const SEEN_EVERY_MS = 60 * 60 * 1000;

/** How somebody has come to be let in. */
interface Entrance {
  way: Way;
  /** Whether the account was made for it. */
  isNew?: boolean;
}

/**
 * Starts a session for who has just got an account, with a new cookie, and notes how they will prove
 * who they are; the session that this browser had before, if any, ends.
 */
export async function startSession(
  c: PageContext,
  account: Pick<Account, "id">,
  entrance: Entrance,
  now: number,
): Promise<void> {
  const { secret, session } = await newSession(c, now);
  const deed = recordDeed(c.env.DB, account.id, deedOf(entrance, session), now);
  await insertSession(c.env.DB, account.id, session, await presentedHash(c), [deed]);
  giveCookie(c, secret);
}

/**
 * `startSession` for who has come with a key. `alsoDo` comes first in the same batch and is guarded
 * by the key too. False if it is not good any more. The cookie is given before the answer is there:
 * if that gets lost, what works once may be used up, but then the person is in.
 */
export async function startSessionWith(
  c: PageContext,
  key: Key,
  entrance: Entrance,
  alsoDo: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const { secret, session } = await newSession(c, now);
  const previousHash = await presentedHash(c);
  const deed = insertActivity(c.env.DB, key.account, entryOf(deedOf(entrance, session), now), {
    sql: isGood(key, "?6", "?1"),
    values: [key.hash],
  });
  giveCookie(c, secret);
  if (await redeemSession(c.env.DB, key, session, previousHash, [...alsoDo, deed])) return true;
  c.header("Set-Cookie", undefined);
  return false;
}

async function newSession(
  c: PageContext,
  now: number,
): Promise<{ secret: string; session: SessionRow }> {
  const secret = randomSecret();
  const session = {
    hash: await sha256(secret),
    createdAt: now,
    expiresAt: now + lifetimeMs(c),
    provedAt: now,
    seenAt: now,
    device: deviceOf(c.req.header("user-agent")),
    country: (c.req.raw.cf?.country as string | undefined) ?? null,
  };
  return { secret, session };
}

const deedOf = ({ way, isNew }: Entrance, { device, country }: SessionRow): Deed =>
  isNew ? { kind: "sign-up", way } : { kind: "sign-in", way, device, country };

const lifetimeMs = (c: PageContext): number => settings(c.env).SESSION_DAYS * DAY_MS;

const giveCookie = (c: PageContext, secret: string): void =>
  setCookie(c, cookieName(c), secret, { ...cookieOptions(c), maxAge: lifetimeMs(c) / 1000 });

/** The session of this browser, or null. */
export async function currentSession(c: PageContext, now: number): Promise<Session | null> {
  const hash = await presentedHash(c);
  const session = hash === null ? null : await loadSession(c.env.DB, hash, now);
  if (session && (session.seenAt ?? 0) <= now - SEEN_EVERY_MS) {
    const seen = touchSession(c.env.DB, session.account.id, session.hash, now);
    c.executionCtx.waitUntil(seen.catch((error) => logWarning("A visit was not noted.", error)));
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
  const { port } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
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
  const { protocol, hostname } = new URL(resolveOrigins(c.req.url, settings(c.env)).pages);
  const isSecure = protocol === "https:" || isLoopback(hostname);
  const common: CookieOptions = { httpOnly: true, sameSite: "Lax", path: "/" };
  return isSecure ? { ...common, secure: true, prefix: "host" } : common;
}
