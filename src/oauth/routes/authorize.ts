/** Routes of the authorization endpoint and its consent page: §10, RFC 6749 §3.1. */

import { Hono } from "hono";
import type { Account } from "../../accounts/accounts";
import { reauthenticationRedirect } from "../../accounts/middleware";
import { currentSession } from "../../accounts/sessions";
import { parseUserName } from "../../core/names";
import { formatScopes, hasFullAccess } from "../../core/scope";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { limitUser } from "../../http/rate-limits";
import { errorPage, rateLimitedPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import {
  type AuthorizationError,
  type AuthorizationRequest,
  errorRedirect,
  parseAuthorizationRequest,
  responseRedirect,
} from "../authorization-request";
import { browserIdFor } from "../browser-id";
import { findConnectedApp } from "../connected-apps";
import type { Consent } from "../consent";
import { type InvalidConsent, parseConsent } from "../consent-form";
import { issueCode } from "../grant-types/authorization-codes";
import { issueImplicitToken } from "../grant-types/implicit-grant";
import { OAUTH_MESSAGES } from "../messages";
import { consentPage } from "../pages/consent";
import { leaveFor, returnPage } from "../pages/return";
import { tooManyAppsPage } from "../pages/too-many-apps";

export const authorizeRoutes = new Hono<{ Bindings: Env }>();

authorizeRoutes.get("/:user?", async (c) => {
  const prepared = await prepareConsent(c);
  return prepared instanceof Response ? prepared : renderConsent(c, prepared);
});

authorizeRoutes.post("/:user?", async (c) => {
  const prepared = await prepareConsent(c);
  if (prepared instanceof Response) return prepared;
  const { account, request } = prepared;
  const form = await readForm(c);
  if (form.get("decision") !== "allow") {
    const denial = errorRedirect(request, "access_denied", "The user denied the request.");
    return returnPage(c, account, request.app, "denied", denial);
  }
  const now = Date.now();
  const rateLimited = rateLimitedPage(c, limitUser(account.id, now));
  if (rateLimited) return rateLimited;
  const parsed = parseConsent(request.scopes, form, now);
  if (!parsed.ok) return renderConsent(c, prepared, { form, problem: parsed.problem });
  const consent = {
    account,
    app: request.app,
    redirectUri: request.redirectUri,
    scope: formatScopes(parsed.scopes),
    expiresAt: parsed.expiresAt,
    browser: browserIdFor(c, request.app),
  };
  const parameters = await issue(c.env, consent, request.challenge, now);
  return parameters === null
    ? tooManyAppsPage(c)
    : returnPage(c, account, request.app, "allowed", responseRedirect(request, parameters));
});

/** The parameters of the response; null if the account has as many grants as it may have. */
async function issue(
  env: Env,
  consent: Consent,
  challenge: string | null,
  now: number,
): Promise<Record<string, string> | null> {
  if (challenge === null) return issueImplicitToken(env, consent, now);
  const code = await issueCode(env, consent, challenge, now);
  return code === null ? null : { code };
}

/** A valid request and the user who is to consent to it. */
interface ConsentRequest {
  account: Account;
  request: AuthorizationRequest;
}

async function renderConsent(
  c: HonoContext,
  { account, request }: ConsentRequest,
  invalid?: InvalidConsent,
): Promise<Response> {
  const { origin } = request.redirectUri;
  const app = await findConnectedApp(c.env.DB, account.id, origin, Date.now());
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  return consentPage(c, { request, user: account, address, ...app }, invalid);
}

/**
 * Validates the request and requires that the right user is signed in. Returns a response (an error,
 * or a redirect to sign in) if the consent page cannot be shown.
 */
async function prepareConsent(c: HonoContext): Promise<Response | ConsentRequest> {
  const { pathname, search } = new URL(c.req.url);
  const parsed = parseAuthorizationRequest(c.req.url, settings(c.env));
  const session = await currentSession(c, Date.now());
  const account = session?.account ?? null;
  if (!parsed.ok) return respondToInvalidRequest(c, parsed.error, account !== null);
  const user = parseUserName(c.req.param("user") ?? "") ?? c.req.param("user");
  if (session === null || account === null || (user !== undefined && account.name !== user)) {
    const query = new URLSearchParams({ next: pathname + search });
    if (user !== undefined) query.set("name", user);
    return c.redirect(`/sign-in?${query}`);
  }
  // To the thief of a session, a token for all data is worth as much as a sign-in method.
  const reauthentication = hasFullAccess(parsed.request.scopes)
    ? reauthenticationRedirect(c, session)
    : null;
  return reauthentication ?? { account, request: parsed.request };
}

/**
 * Shows a page with a link that tells the app of the error, and leaves for the app if a user is signed
 * in. Any URL can be a redirect_uri here, and the endpoint must not be an open redirector
 * (RFC 9700 §4.11.2).
 */
function respondToInvalidRequest(
  c: HonoContext,
  error: AuthorizationError,
  isSignedIn: boolean,
): HandlerResponse {
  const messages = messagesFor(c, OAUTH_MESSAGES);
  const title = messages.errorTitle;
  if (error === null) return errorPage(c, 400, { title, sentence: messages.invalidRedirectUri });
  if (isSignedIn) leaveFor(c, error.redirect);
  const sentence = `${messages.invalidRequest[error.code]} ${messages.appError}`;
  const link = { href: error.redirect, text: messages.backToApp };
  return errorPage(c, 400, { title, sentence }, link);
}
