/** The sessions of browsers: a cookie with a random secret, of which D1 stores the hash. */

import { getCookie, setCookie } from "hono/cookie";
import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS, HOUR_MS } from "../core/time";
import { settings } from "../env";
import type { HonoContext } from "../http/context";
import { cookieName, cookieOptions } from "../http/cookies";
import { logWarning } from "../platform/log";
import {
  type ActivityEvent,
  type AuthMethod,
  activityStatement,
  newActivityEntry,
} from "./activity";
import type { Account } from "./db/accounts";
import { insertActivity } from "./db/activity";
import { type Credential, credentialExists } from "./db/one-time-tokens";
import {
  type BrowserSessionRow,
  deleteExpiredSessions,
  deleteSession,
  insertBrowserSession,
  insertSessionByCredential,
  loadBrowserSession,
  touchSession,
} from "./db/sessions";
import { deviceName } from "./user-agent";

export { deleteExpiredSessions };

/** A session of a browser, and its account. */
export type BrowserSession = BrowserSessionRow & { account: Account };

/** How often the use of a session is recorded at most. */
const SEEN_INTERVAL_MS = HOUR_MS;

/** How a user signed in. */
interface SignInEvent {
  method: AuthMethod;
  /** Whether the account was created just now. */
  isNew?: boolean;
}

/**
 * Starts a session of an account that was just created, sets its cookie, and records the sign-up in
 * the activity log. Ends the browser's previous session, if any.
 */
export async function startSession(
  c: HonoContext,
  account: Pick<Account, "id">,
  signIn: SignInEvent,
  now: number,
): Promise<void> {
  const { secret, session } = await newSession(c, now);
  const activity = activityStatement(c.env.DB, account.id, signInActivity(signIn, session), now);
  await insertBrowserSession(c.env.DB, account.id, session, await cookieHash(c), [activity]);
  setSessionCookie(c, secret);
}

/**
 * Starts a session for a user who has authenticated with a credential. `effects` come first in the same
 * batch, and have to be guarded by the credential too. Returns false if it is no longer valid. The
 * cookie is set before D1 answers: if that answer is lost, a one-time token may be used up, but then the
 * user is signed in.
 */
export async function startSessionByCredential(
  c: HonoContext,
  credential: Credential,
  signIn: SignInEvent,
  effects: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const { secret, session } = await newSession(c, now);
  const previousHash = await cookieHash(c);
  const entry = newActivityEntry(signInActivity(signIn, session), now);
  const isValid = credentialExists(credential);
  const activity = insertActivity(c.env.DB, credential.account, entry, isValid);
  const guarded = [...effects, activity];
  setSessionCookie(c, secret);
  if (await insertSessionByCredential(c.env.DB, credential, session, previousHash, guarded))
    return true;
  c.header("Set-Cookie", undefined);
  return false;
}

async function newSession(
  c: HonoContext,
  now: number,
): Promise<{ secret: string; session: BrowserSessionRow }> {
  const secret = randomSecret();
  const session = {
    hash: await sha256(secret),
    createdAt: now,
    expiresAt: now + sessionLifetimeMs(c),
    authenticatedAt: now,
    seenAt: now,
    device: deviceName(c.req.header("user-agent")),
    country: (c.req.raw.cf?.country as string | undefined) ?? null,
  };
  return { secret, session };
}

const signInActivity = (
  { method: way, isNew }: SignInEvent,
  { device, country }: BrowserSessionRow,
): ActivityEvent => (isNew ? { kind: "sign-up", way } : { kind: "sign-in", way, device, country });

const sessionLifetimeMs = (c: HonoContext): number => settings(c.env).SESSION_DAYS * DAY_MS;

const setSessionCookie = (c: HonoContext, secret: string): void =>
  setCookie(c, sessionCookieName(c), secret, {
    ...cookieOptions(c),
    maxAge: sessionLifetimeMs(c) / 1000,
  });

/** The session of this browser. Returns null if there is none. */
export async function currentSession(c: HonoContext, now: number): Promise<BrowserSession | null> {
  const hash = await cookieHash(c);
  const session = hash === null ? null : await loadBrowserSession(c.env.DB, hash, now);
  if (session && (session.seenAt ?? 0) <= now - SEEN_INTERVAL_MS) {
    const seen = touchSession(c.env.DB, session.account.id, session.hash, now);
    c.executionCtx.waitUntil(
      seen.catch((error) => logWarning("The use of a session was not recorded.", error)),
    );
  }
  return session;
}

/** The account that is signed in on this browser. Returns null if there is none. */
export const currentAccount = async (c: HonoContext, now: number): Promise<Account | null> =>
  (await currentSession(c, now))?.account ?? null;

/** Ends the session of this browser; its cookie is invalid from now on. */
export async function endSession(c: HonoContext): Promise<void> {
  const hash = await cookieHash(c);
  if (hash !== null) await deleteSession(c.env.DB, hash);
  setCookie(c, sessionCookieName(c), "", { ...cookieOptions(c), maxAge: 0 });
}

const sessionCookieName = (c: HonoContext): string => cookieName(c, "session");

async function cookieHash(c: HonoContext): Promise<string | null> {
  const secret = getCookie(c, sessionCookieName(c), cookieOptions(c).prefix);
  return secret ? sha256(secret) : null;
}
