/** What a person has to have shown before a page opens. */

import type { Context, Next } from "hono";
import type { Env } from "../env";
import { wordsOf } from "../http/language";
import { errorPage } from "../http/page";
import { currentSession, type Session } from "./sessions";
import { WORDS } from "./words";

declare module "hono" {
  interface ContextVariableMap {
    /** Who is there; behind `requireSignIn` alone. */
    session: Session;
  }
}

type GateContext = Context<{ Bindings: Env }>;

/** So long after a proof of who they are a person is not asked for another one. */
const PROOF_MS = 15 * 60 * 1000;

/** Sends whoever is not signed in to do so, and then back to this page. */
export async function requireSignIn(c: GateContext, next: Next): Promise<Response | undefined> {
  const session = await currentSession(c, Date.now());
  if (session === null) return c.redirect(`/sign-in?${backTo(c)}`, 303);
  c.set("session", session);
  await next();
}

/**
 * Asks for a fresh proof of who they are: a session alone, which may be a stolen one, does not open
 * what would keep its owner out. After `requireSignIn`. Who has opened a form in time may send it.
 */
export async function requireProof(c: GateContext, next: Next): Promise<Response | undefined> {
  const lifetimeMs = isRead(c) ? PROOF_MS : 2 * PROOF_MS;
  if (c.var.session.provedAt + lifetimeMs <= Date.now()) {
    return c.redirect(`/confirm?${backTo(c)}`, 303);
  }
  await next();
}

/** Opens for administrators alone. After `requireSignIn`. */
export async function requireAdmin(c: GateContext, next: Next): Promise<Response | undefined> {
  if (!c.var.session.account.isAdmin) return errorPage(c, 403, wordsOf(c, WORDS).onlyAdmins);
  await next();
}

const isRead = (c: GateContext): boolean => c.req.method === "GET" || c.req.method === "HEAD";

/** The page itself, or that of the form that was sent: every form has the path of a page. */
function backTo(c: GateContext): URLSearchParams {
  const { pathname, search } = new URL(c.req.url);
  return new URLSearchParams({ next: isRead(c) ? pathname + search : pathname });
}
