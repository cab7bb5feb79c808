/** The dialog in which a person lets an app in: §10, RFC 6749 §3.1. */

import { type Context, Hono } from "hono";
import type { Account } from "../../accounts/accounts";
import { askForProof } from "../../accounts/middleware";
import { currentSession } from "../../accounts/sessions";
import { parseUserName } from "../../core/names";
import { formatScopes, hasFullAccess } from "../../core/scope";
import { type Env, settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { limitUser } from "../../http/rate-limits";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { errorPage, rateLimitedPage } from "../../ui/layout";
import {
  type AuthorizationError,
  type AuthorizationRequest,
  errorRedirect,
  parseAuthorizationRequest,
  responseRedirect,
} from "../authorization-request";
import { issueCode } from "../codes";
import { type InvalidConsent, parseConsent } from "../consent-answer";
import { findConnectedApp } from "../grants";
import { issueImplicitToken } from "../implicit";
import { OAUTH_MESSAGES } from "../messages";
import { consentPage } from "../pages/consent";

type OAuthContext = Context<{ Bindings: Env }>;

export const authorizeRoutes = new Hono<{ Bindings: Env }>();

authorizeRoutes.get("/:user?", async (c) => {
  const ready = await prepareConsent(c);
  return ready instanceof Response ? ready : renderConsent(c, ready);
});

authorizeRoutes.post("/:user?", async (c) => {
  const ready = await prepareConsent(c);
  if (ready instanceof Response) return ready;
  const { account, request } = ready;
  const form = await readForm(c);
  if (form.get("decision") !== "allow") {
    return c.redirect(errorRedirect(request, "access_denied", "The person has refused."));
  }
  const now = Date.now();
  const tooOften = rateLimitedPage(c, limitUser(account.id, now));
  if (tooOften) return tooOften;
  const answer = parseConsent(request.scopes, form, now);
  if (!answer.ok) return renderConsent(c, ready, { form, problem: answer.problem });
  const allowed = {
    account,
    redirectUri: request.redirectUri,
    scope: formatScopes(answer.scopes),
    expiresAt: answer.expiresAt,
  };
  const tokens =
    request.challenge === null
      ? await issueImplicitToken(c.env, allowed, now)
      : { code: await issueCode(c.env, allowed, request.challenge, now) };
  return c.redirect(responseRedirect(request, tokens));
});

interface ConsentRequest {
  account: Account;
  request: AuthorizationRequest;
}

/** The question, once more where the answer was not sound. */
async function renderConsent(
  c: OAuthContext,
  { account, request }: ConsentRequest,
  unsound?: InvalidConsent,
): Promise<Response> {
  const { origin } = request.redirectUri;
  const recalled = await findConnectedApp(c.env.DB, account.id, origin, Date.now());
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return consentPage(c, { request, person: account, address, ...recalled }, unsound);
}

/**
 * Everything that comes before the question: a sound request, and the right person signed in.
 * Returns the response where it is not so.
 */
async function prepareConsent(c: OAuthContext): Promise<Response | ConsentRequest> {
  const { pathname, search } = new URL(c.req.url);
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const parsed = parseAuthorizationRequest(new URLSearchParams(search), origins);
  const session = await currentSession(c, Date.now());
  const account = session?.account ?? null;
  if (!parsed.ok) return respondToInvalidRequest(c, parsed.refusal, account !== null);
  const user = parseUserName(c.req.param("user") ?? "") ?? c.req.param("user");
  if (session === null || account === null || (user !== undefined && account.name !== user)) {
    const query = new URLSearchParams({ next: pathname + search });
    if (user !== undefined) query.set("name", user);
    return c.redirect(`/sign-in?${query}`);
  }
  // What reaches everything is worth as much to a thief of the session as a way in.
  const asked = hasFullAccess(parsed.request.scopes) ? askForProof(c, session) : null;
  return asked ?? { account, request: parsed.request };
}

/**
 * An error goes back to the app at once only where somebody is signed in, and otherwise by a link:
 * any address can be a redirect_uri here, and the endpoint must not send strangers wherever it
 * says (RFC 9700 §4.11.2).
 */
function respondToInvalidRequest(
  c: OAuthContext,
  refusal: AuthorizationError,
  isSignedIn: boolean,
): Response | Promise<Response> {
  const {
    cannot: title,
    badRedirectUri,
    badRequest,
    badRequestNext,
    back,
  } = messagesFor(c, OAUTH_MESSAGES);
  if (refusal === null) return errorPage(c, 400, { title, sentence: badRedirectUri });
  if (isSignedIn) return c.redirect(refusal.redirect);
  const sentence = `${badRequest[refusal.error]} ${badRequestNext}`;
  return errorPage(c, 400, { title, sentence }, { href: refusal.redirect, text: back });
}
