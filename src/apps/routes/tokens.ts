/** Routes that create a personal access token: /apps/tokens. */

import { Hono } from "hono";
import { requireReauthentication, requireSignIn } from "../../accounts/middleware";
import { isDisplayableName } from "../../core/names";
import { formatScopes, hasFullAccess, parseScopes, type Scope } from "../../core/scope";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins, storageRoot } from "../../http/hosts";
import { expiryOf, isDuration } from "../../oauth/consent-form";
import { tooManyAppsPage } from "../../oauth/pages/too-many-apps";
import { createPersonalToken } from "../../oauth/personal-tokens";
import { readForm } from "../../ui/form";
import {
  createTokenPage,
  MAX_TOKEN_NAME_LENGTH,
  type TokenForm,
  tokenCreatedPage,
} from "../pages/tokens";

export const tokensRoutes = new Hono<{ Bindings: Env }>();

// A token outlives the session that created it: signing out everywhere does not revoke it.
tokensRoutes.use("/apps/tokens", requireSignIn, requireReauthentication);

tokensRoutes.get("/apps/tokens", (c) =>
  createTokenPage(c, c.var.session.account, { name: "", write: "", read: "", duration: "year" }),
);

tokensRoutes.post("/apps/tokens", async (c) => {
  const { account } = c.var.session;
  const form = await readTokenForm(c);
  const { name, duration } = form;
  if (!isTokenName(name)) return createTokenPage(c, account, form, "name");
  const scopes = parseModules(form);
  if (scopes === null) return createTokenPage(c, account, form, "scope");
  if (!isDuration(duration)) return createTokenPage(c, account, form, "duration");
  const now = Date.now();
  const request = { label: name, scope: formatScopes(scopes), expiresAt: expiryOf(duration, now) };
  const token = await createPersonalToken(c.env, account, request, now);
  if (token === null) return tooManyAppsPage(c);
  const example = exampleCommand(c, scopes[0] as Scope, token);
  return tokenCreatedPage(c, account, {
    name,
    token,
    example,
    isFullAccess: hasFullAccess(scopes),
  });
});

async function readTokenForm(c: HonoContext): Promise<TokenForm> {
  const form = await readForm(c);
  const field = (name: string) => (form.get(name) ?? "").trim();
  return {
    name: field("name"),
    write: field("write"),
    read: field("read"),
    duration: field("duration"),
  };
}

/** One displayable line: no control characters, and none that change the direction of text. */
const isTokenName = (name: string): boolean =>
  name !== "" && name.length <= MAX_TOKEN_NAME_LENGTH && isDisplayableName(name);

/** The scopes for the typed modules; null if there are none, or one is not a valid module. */
function parseModules({ write, read }: TokenForm): Scope[] | null {
  const scopesOf = (modules: string, level: Scope["level"]) =>
    modules
      .split(/[\s,;]+/)
      .filter((module) => module !== "")
      .map((module) => `${module}:${level}`);
  return parseScopes([...scopesOf(write, "rw"), ...scopesOf(read, "r")].join(" "));
}

function exampleCommand(c: HonoContext, { module }: Scope, token: string): string {
  const root = storageRoot(resolveOrigins(c.req.url, settings(c.env)), c.var.session.account.name);
  const folder = module === "*" ? "/" : `/${module}/`;
  return `curl -H "Authorization: Bearer ${token}" ${root}${folder}`;
}
