/** The door at which a person makes a token by hand: /apps/tokens. */

import { type Context, Hono } from "hono";
import { requireProof, requireSignIn } from "../../accounts/middleware";
import { isDisplayable } from "../../core/names";
import { formatScopes, parseScopes, type Scope } from "../../core/scope";
import { type Env, settings } from "../../env";
import { resolveOrigins, storageRoot } from "../../http/hosts";
import { expiryOf, isDuration } from "../../oauth/consent-answer";
import { createPersonalToken } from "../../oauth/grants";
import { readForm } from "../../ui/form";
import { MAX_TOKEN_NAME_LENGTH, madeTokenPage, type TokenForm, tokenPage } from "../pages/tokens";

type TokensContext = Context<{ Bindings: Env }>;

export const tokensRoutes = new Hono<{ Bindings: Env }>();

// A token outlives the session that made it, and signing out everywhere does not end it.
tokensRoutes.use("/apps/tokens", requireSignIn, requireProof);

tokensRoutes.get("/apps/tokens", (c) =>
  tokenPage(c, c.var.session.account, { name: "", write: "", read: "", duration: "year" }),
);

tokensRoutes.post("/apps/tokens", async (c) => {
  const { account } = c.var.session;
  const form = await readTokenForm(c);
  const { name, duration } = form;
  if (!isName(name)) return tokenPage(c, account, form, "name");
  const scopes = readScopes(form);
  if (scopes === null) return tokenPage(c, account, form, "scope");
  if (!isDuration(duration)) return tokenPage(c, account, form, "duration");
  const now = Date.now();
  const wanted = { label: name, scope: formatScopes(scopes), expiresAt: expiryOf(duration, now) };
  const token = await createPersonalToken(c.env, account, wanted, now);
  const isAll = scopes.some(({ module }) => module === "*");
  const example = exampleOf(c, scopes[0] as Scope, token);
  return madeTokenPage(c, account, { name, token, example, isAll });
});

async function readTokenForm(c: TokensContext): Promise<TokenForm> {
  const form = await readForm(c);
  const field = (name: string) => (form.get(name) ?? "").trim();
  return {
    name: field("name"),
    write: field("write"),
    read: field("read"),
    duration: field("duration"),
  };
}

/** One line that can be shown: no control characters, and none that turn the line around. */
const isName = (name: string): boolean =>
  name !== "" && name.length <= MAX_TOKEN_NAME_LENGTH && isDisplayable(name);

/** Null: nothing was named, or something that is no module. */
function readScopes({ write, read }: TokenForm): Scope[] | null {
  const scopesOf = (modules: string, level: Scope["level"]) =>
    modules
      .split(/[\s,;]+/)
      .filter((module) => module !== "")
      .map((module) => `${module}:${level}`);
  return parseScopes([...scopesOf(write, "rw"), ...scopesOf(read, "r")].join(" "));
}

function exampleOf(c: TokensContext, { module }: Scope, token: string): string {
  const root = storageRoot(resolveOrigins(c.req.url, settings(c.env)), c.var.session.account.name);
  const folder = module === "*" ? "/" : `/${module}/`;
  return `curl -H "Authorization: Bearer ${token}" ${root}${folder}`;
}
