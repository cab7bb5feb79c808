/** What a person has to have shown before a page opens. */

import type { Context, Next } from "hono";
import type { Env } from "../env";
import { limitUser } from "../http/rate-limits";
import { messagesFor } from "../ui/language";
import { errorPage, rateLimitedPage } from "../ui/layout";
import { ACCOUNT_MESSAGES } from "./messages";
import { currentSession, type Session } from "./sessions";

declare module "hono" {
  interface ContextVariableMap {
    /** Who is there; behind `requireSignIn` alone. */
    session: Session;
  }
}

type GateContext = Context<{ Bindings: Env }>;

/** So long after a proof of who they are a person is not asked for another one. */
const PROOF_MS = 15 * 60 * 1000;

/**
 * Sends whoever is not signed in to do so, and then back to this page. Takes no more forms of one
 * person than anybody fills in.
 */
export async function requireSignIn(c: GateContext, next: Next): Promise<Response | undefined> {
  const now = Date.now();
  const session = await currentSession(c, now);
  if (session === null) return c.redirect(`/sign-in?${backTo(c)}`, 303);
  c.set("session", session);
  const tooOften = isRead(c) ? null : rateLimitedPage(c, limitUser(session.account.id, now));
  if (tooOften) return tooOften;
  await next();
}

/**
 * Asks for a fresh proof of who they are: a session alone, which may be a stolen one, does not open
 * what would keep its owner out. After `requireSignIn`. Who has opened a form in time may send it.
 */
export async function requireProof(c: GateContext, next: Next): Promise<Response | undefined> {
  const asked = askForProof(c, c.var.session);
  if (asked) return asked;
  await next();
}

/** The same where a request has to be looked at first; null: the proof is fresh enough. */
export function askForProof(c: GateContext, session: Session): Response | null {
  const lifetimeMs = isRead(c) ? PROOF_MS : 2 * PROOF_MS;
  const isFresh = session.provedAt + lifetimeMs > Date.now();
  return isFresh ? null : c.redirect(`/confirm?${backTo(c)}`, 303);
}

/** Opens for administrators alone. After `requireSignIn`. */
export async function requireAdmin(c: GateContext, next: Next): Promise<Response | undefined> {
  if (!c.var.session.account.isAdmin)
    return errorPage(c, 403, messagesFor(c, ACCOUNT_MESSAGES).onlyAdmins);
  await next();
}

const isRead = (c: GateContext): boolean => c.req.method === "GET" || c.req.method === "HEAD";

/** The page itself, or that of the form that was sent: every form has the path of a page. */
function backTo(c: GateContext): URLSearchParams {
  const { pathname, search } = new URL(c.req.url);
  return new URLSearchParams({ next: isRead(c) ? pathname + search : pathname });
}
