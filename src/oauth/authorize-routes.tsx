/** The dialog in which a person lets an app in: §10, RFC 6749 §3.1. */

import { type Context, Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { currentAccount } from "../accounts/sessions";
import { parseUserName } from "../core/names";
import { formatScopes, type Scope } from "../core/scope";
import { randomId } from "../core/secrets";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { addressOf, originsOf } from "../http/hosts";
import { errorPage } from "../http/page";
import { requireSameOrigin } from "../http/same-origin";
import { issueCode } from "./codes";
import { consentPage, DURATIONS, isDuration, levelField } from "./consent";
import { insertGrant } from "./repo";
import {
  type AuthorizationRequest,
  errorRedirect,
  parseAuthorizationRequest,
  successRedirect,
} from "./request";
import { signAccessToken } from "./tokens";

type OAuthContext = Context<{ Bindings: Env }>;

const DAY_MS = 24 * 60 * 60 * 1000;

export const authorizeRoutes = new Hono<{ Bindings: Env }>();

authorizeRoutes.get("/:user?", async (c) => {
  const ready = await readyForConsent(c);
  if (ready instanceof Response) return ready;
  const { account, request } = ready;
  const address = addressOf(originsOf(c.req.url, settings(c.env)), account.name);
  return consentPage(c, request, account.name, address);
});

authorizeRoutes.post("/:user?", requireSameOrigin, async (c) => {
  const ready = await readyForConsent(c);
  if (ready instanceof Response) return ready;
  const { account, request } = ready;
  const form = await readForm(c);
  if (form.get("decision") !== "allow") {
    return c.redirect(errorRedirect(request, "access_denied", "The person has refused."));
  }
  const duration = form.get("duration") ?? "";
  if (!isDuration(duration)) {
    return errorPage(c, 400, "Connect an app", "Choose how long the app may have access.");
  }
  const { days } = DURATIONS[duration];
  const now = Date.now();
  const expiresAt = days === null ? null : now + days * DAY_MS;
  const scope = formatScopes(narrow(request.scopes, form));
  return c.redirect(
    successRedirect(
      request,
      request.challenge === null
        ? await implicitAnswer(c.env, account, request, scope, expiresAt, now)
        : await codeAnswer(c.env, account, request, request.challenge, scope, expiresAt, now),
    ),
  );
});

/**
 * Everything that comes before the question: a sound request, and the right person signed in.
 * Returns the response where it is not so. An error goes back to the app only when somebody is
 * signed in, as RFC 9700 §4.11.2 asks: any address can be a redirect_uri here, and the endpoint
 * must not send strangers wherever a link says.
 */
async function readyForConsent(
  c: OAuthContext,
): Promise<Response | { account: Account; request: AuthorizationRequest }> {
  const { search } = new URL(c.req.url);
  const parsed = parseAuthorizationRequest(new URLSearchParams(search));
  if (!parsed.ok && parsed.refusal.redirect === undefined) {
    return errorPage(c, 400, "This app cannot be connected", parsed.refusal.message);
  }
  const user = parseUserName(c.req.param("user") ?? "") ?? c.req.param("user");
  const account = await currentAccount(c, Date.now());
  if (account === null || (user !== undefined && account.name !== user)) {
    const query = new URLSearchParams({ next: new URL(c.req.url).pathname + search });
    if (user !== undefined) query.set("name", user);
    return c.redirect(`/sign-in?${query}`);
  }
  return parsed.ok
    ? { account, request: parsed.request }
    : c.redirect(parsed.refusal.redirect as string);
}

/** What the person leaves of what the app asked for. */
const narrow = (scopes: Scope[], form: URLSearchParams): Scope[] =>
  scopes.map((scope) => (form.get(levelField(scope)) === "r" ? { ...scope, level: "r" } : scope));

/** RFC 6749 §4.2.2. */
async function implicitAnswer(
  env: Env,
  account: Account,
  { redirectUri }: AuthorizationRequest,
  scope: string,
  expiresAt: number | null,
  now: number,
): Promise<Record<string, string>> {
  const { id, name: user } = account;
  const grant = randomId();
  await insertGrant(env.DB, {
    account: id,
    id: grant,
    origin: redirectUri.origin,
    scope,
    flow: "implicit",
    createdAt: now,
    expiresAt,
  });
  const claims = { account: id, user, grant, scope };
  const access_token = await signAccessToken(env, claims, expiresAt, now);
  const answer = { access_token, token_type: "bearer", scope };
  return expiresAt === null
    ? answer
    : { ...answer, expires_in: String(Math.floor((expiresAt - now) / 1000)) };
}

/** RFC 6749 §4.1.2. */
async function codeAnswer(
  env: Env,
  account: Account,
  { redirectUri }: AuthorizationRequest,
  challenge: string,
  scope: string,
  grantExpiresAt: number | null,
  now: number,
): Promise<Record<string, string>> {
  const allowed = { redirectUri: redirectUri.raw, challenge, scope, grantExpiresAt };
  return { code: await issueCode(env, { ...allowed, account: account.id }, now) };
}
