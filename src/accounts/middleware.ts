/** Middleware that requires a sign-in, a recent authentication, or an administrator. */

import type { Next } from "hono";
import type { Refusal } from "../core/refusals";
import { MINUTE_MS } from "../core/time";
import type { HandlerResponse, HonoContext } from "../http/context";
import { limitUser } from "../http/rate-limits";
import { refusalResponse } from "../http/refusals";
import { errorPage, rateLimitedPage } from "../ui/error-pages";
import { messagesFor } from "../ui/language";
import { ACCOUNT_MESSAGES } from "./messages";
import { type BrowserSession, currentSession } from "./sessions";

declare module "hono" {
  interface ContextVariableMap {
    /** The session of the signed-in user; set by `requireSignIn`. */
    session: BrowserSession;
  }
}

/** How long after authenticating a user is not asked to do so again. */
const REAUTHENTICATION_MS = 15 * MINUTE_MS;

/**
 * Redirects to the sign-in page, and from there back to this page, unless the user is signed in.
 * Limits how many forms a user may send.
 */
export async function requireSignIn(c: HonoContext, next: Next): Promise<Response | undefined> {
  const refusal = await checkSignIn(c);
  if (refusal !== null) return signInRefusalResponse(c, refusal);
  await next();
}

/** Why a request is not accepted as that of a user. */
export type SignInRefusal = { code: "signed-out" } | Refusal;

/** What `requireSignIn` checks, for routes that answer a refusal differently. Null: the session is in the context. */
export async function checkSignIn(c: HonoContext): Promise<SignInRefusal | null> {
  const now = Date.now();
  const session = await currentSession(c, now);
  if (session === null) return { code: "signed-out" };
  c.set("session", session);
  return isSafeMethod(c) ? null : limitUser(session.account.id, now);
}

/** The answer of `requireSignIn` to a refusal. */
export const signInRefusalResponse = (c: HonoContext, refusal: SignInRefusal): HandlerResponse =>
  refusal.code === "signed-out"
    ? c.redirect(`/sign-in?${returnQuery(currentPage(c))}`, 303)
    : (rateLimitedPage(c, refusal) ?? refusalResponse(refusal));

/**
 * Redirects to /confirm unless the user has authenticated recently: a session may be stolen, and must
 * not be enough to lock its owner out. Comes after `requireSignIn`. A form that was opened in time may
 * still be sent for a while.
 */
export async function requireReauthentication(
  c: HonoContext,
  next: Next,
): Promise<Response | undefined> {
  const redirect = reauthenticationRedirect(c, c.var.session);
  if (redirect) return redirect;
  await next();
}

/**
 * The redirect of `requireReauthentication`, for routes that have to check the request first. `page`: path and query
 * of the page to come back to. Returns null if the user has authenticated recently.
 */
export function reauthenticationRedirect(
  c: HonoContext,
  session: BrowserSession,
  page: string = currentPage(c),
): Response | null {
  const maxAgeMs = isSafeMethod(c) ? REAUTHENTICATION_MS : 2 * REAUTHENTICATION_MS;
  const isRecent = session.authenticatedAt + maxAgeMs > Date.now();
  return isRecent ? null : c.redirect(`/confirm?${returnQuery(page)}`, 303);
}

/** Refuses everybody but administrators (403). Comes after `requireSignIn`. */
export async function requireAdmin(c: HonoContext, next: Next): Promise<Response | undefined> {
  if (!c.var.session.account.isAdmin)
    return errorPage(c, 403, messagesFor(c, ACCOUNT_MESSAGES).adminsOnly);
  await next();
}

const isSafeMethod = (c: HonoContext): boolean => c.req.method === "GET" || c.req.method === "HEAD";

/** Path and query of this page; a form is sent to those of its own page. */
function currentPage(c: HonoContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}

const returnQuery = (page: string): URLSearchParams => new URLSearchParams({ next: page });
