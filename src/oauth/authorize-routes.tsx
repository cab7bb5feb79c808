/** The dialog in which a person lets an app in: §10, RFC 6749 §3.1. */

import { type Context, Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { currentAccount } from "../accounts/sessions";
import { parseUserName } from "../core/names";
import { formatScopes, type Scope } from "../core/scope";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { addressOf, originsOf } from "../http/hosts";
import { errorPage } from "../http/page";
import { issueCode } from "./codes";
import { consentPage, DURATIONS, isDuration, levelField } from "./consent";
import { listConnectedApps } from "./grants";
import { issueToken } from "./implicit";
import {
  type AuthorizationRequest,
  errorRedirect,
  parseAuthorizationRequest,
  type RequestRefusal,
  successRedirect,
} from "./request";

type OAuthContext = Context<{ Bindings: Env }>;

export const authorizeRoutes = new Hono<{ Bindings: Env }>();

authorizeRoutes.get("/:user?", async (c) => {
  const ready = await readyForConsent(c);
  if (ready instanceof Response) return ready;
  const { account, request } = ready;
  const address = addressOf(originsOf(c.req.url, settings(c.env)), account.name);
  const apps = await listConnectedApps(c.env.DB, account.id, Date.now());
  const connected = apps.find(({ origin }) => origin === request.redirectUri.origin);
  return consentPage(c, request, account, address, connected);
});

authorizeRoutes.post("/:user?", async (c) => {
  const ready = await readyForConsent(c);
  if (ready instanceof Response) return ready;
  const { account, request } = ready;
  const form = await readForm(c);
  if (form.get("decision") !== "allow") {
    return c.redirect(errorRedirect(request, "access_denied", "The person has refused."));
  }
  const duration = form.get("duration") ?? "";
  if (!isDuration(duration)) {
    return errorPage(c, 400, {
      title: "Connect an app",
      sentence: "Choose how long the app may have access.",
    });
  }
  const { days } = DURATIONS[duration];
  const now = Date.now();
  const allowed = {
    account,
    redirectUri: request.redirectUri,
    scope: formatScopes(narrow(request.scopes, form)),
    expiresAt: days === null ? null : now + days * DAY_MS,
  };
  const answer =
    request.challenge === null
      ? await issueToken(c.env, allowed, now)
      : { code: await issueCode(c.env, allowed, request.challenge, now) };
  return c.redirect(successRedirect(request, answer));
});

/**
 * Everything that comes before the question: a sound request, and the right person signed in.
 * Returns the response where it is not so.
 */
async function readyForConsent(
  c: OAuthContext,
): Promise<Response | { account: Account; request: AuthorizationRequest }> {
  const { pathname, search } = new URL(c.req.url);
  const ownOrigins = Object.values(originsOf(c.req.url, settings(c.env)));
  const parsed = parseAuthorizationRequest(new URLSearchParams(search), ownOrigins);
  const account = await currentAccount(c, Date.now());
  if (!parsed.ok) return refuseRequest(c, parsed.refusal, account !== null);
  const user = parseUserName(c.req.param("user") ?? "") ?? c.req.param("user");
  if (account === null || (user !== undefined && account.name !== user)) {
    const query = new URLSearchParams({ next: pathname + search });
    if (user !== undefined) query.set("name", user);
    return c.redirect(`/sign-in?${query}`);
  }
  return { account, request: parsed.request };
}

/**
 * An error goes back to the app at once only where somebody is signed in, and otherwise by a link:
 * any address can be a redirect_uri here, and the endpoint must not send strangers wherever it
 * says (RFC 9700 §4.11.2).
 */
function refuseRequest(
  c: OAuthContext,
  { message, redirect }: RequestRefusal,
  isSignedIn: boolean,
): Response | Promise<Response> {
  if (redirect !== undefined && isSignedIn) return c.redirect(redirect);
  const link = redirect === undefined ? undefined : { href: redirect, text: "Back to the app" };
  return errorPage(c, 400, { title: "This app cannot be connected", sentence: message }, link);
}

/** What the person leaves of what the app asked for. */
const narrow = (scopes: Scope[], form: URLSearchParams): Scope[] =>
  scopes.map((scope) => (form.get(levelField(scope)) === "r" ? { ...scope, level: "r" } : scope));
