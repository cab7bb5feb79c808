/** Routes of the pages about export and import, and of the tokens of their scripts: /transfer. */

import { Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { requireSignIn } from "../accounts/middleware";
import { currentSession } from "../accounts/sessions";
import { type Outcome, ok, type Refusal, refused } from "../core/refusals";
import { formatScopes, MAX_SCOPES, parseScopes } from "../core/scope";
import type { Env } from "../env";
import type { HandlerResponse, HonoContext } from "../http/context";
import { limitUser } from "../http/rate-limits";
import { refusalResponse } from "../http/refusals";
import {
  createPageToken,
  endPageToken,
  type PageTokenRequest,
  renewPageToken,
} from "../oauth/personal-tokens";
import { loadUsage } from "../storage/usage";
import { readForm } from "../ui/form";
import { messagesFor } from "../ui/language";
import { TRANSFER_MESSAGES } from "./messages";
import { exportPage } from "./pages/export";
import { importPage } from "./pages/import";
import { transferOverviewPage } from "./pages/section";

export const transferRoutes = new Hono<{ Bindings: Env }>();

transferRoutes.get("/transfer", requireSignIn, (c) => transferOverviewPage(c));

transferRoutes.get("/transfer/export", requireSignIn, async (c) =>
  exportPage(c, await loadUsage(c.env, c.var.session.account.id)),
);

transferRoutes.get("/transfer/import", requireSignIn, (c) => importPage(c));

/** Tokens are never cached, and neither is that there is none. */
transferRoutes.use("/transfer/token/*", async (c, next) => {
  await next();
  c.header("Cache-Control", "no-store");
});

/** Creates a token for what a page is about to do. The answer is JSON, as are refusals. */
transferRoutes.post("/transfer/token", async (c) => {
  const now = Date.now();
  const account = await signedInAccount(c, now);
  if (!account.ok) return refusalResponse(account.refusal);
  const request = tokenRequest(c, await readForm(c));
  if (request === null) return refusalResponse(UNKNOWN_PURPOSE);
  const token = await createPageToken(c.env, account.value, request, now);
  return token === null ? tooManyApps(c) : c.json(token);
});

/** Keeps a token valid for some minutes more: 410 if it has expired, 404 if it was ended. */
transferRoutes.post("/transfer/token/renew", async (c) => {
  const now = Date.now();
  const account = await signedInAccount(c, now);
  if (!account.ok) return refusalResponse(account.refusal);
  const id = (await readForm(c)).get("id") ?? "";
  const outcome = await renewPageToken(c.env, account.value.id, id, now);
  if (outcome === "ended") return refusalResponse(ENDED);
  return outcome === "expired" ? c.json(EXPIRED, 410) : c.body(null, 204);
});

/** Ends a token. */
transferRoutes.post("/transfer/token/end", async (c) => {
  const account = await signedInAccount(c, Date.now());
  if (!account.ok) return refusalResponse(account.refusal);
  await endPageToken(c.env, account.value.id, (await readForm(c)).get("id") ?? "");
  return c.body(null, 204);
});

const SIGNED_OUT: Refusal = {
  code: "unauthorized",
  message: "The session has ended. Sign in again.",
};

const ENDED: Refusal = { code: "not-found", message: "The access of this page was ended." };

const EXPIRED = { error: "expired", message: "The token has expired: get another one." };

const UNKNOWN_PURPOSE: Refusal = {
  code: "malformed",
  message: "The purpose is neither export nor preview nor import.",
};

/** The account of the session. Refused without one, and if it sends too many requests. */
async function signedInAccount(c: HonoContext, now: number): Promise<Outcome<Account>> {
  const session = await currentSession(c, now);
  if (session === null) return refused(SIGNED_OUT);
  const limited = limitUser(session.account.id, now);
  return limited ? refused(limited) : ok(session.account);
}

/** What the page may do for its purpose; null if there is no such purpose. */
function tokenRequest(c: HonoContext, form: URLSearchParams): PageTokenRequest | null {
  const messages = messagesFor(c, TRANSFER_MESSAGES);
  switch (form.get("purpose")) {
    case "export": {
      const scope = readScope(form.getAll("module"));
      return { label: messages.export.label, scope, event: { kind: "export" } };
    }
    // The dry run of an import only reads, and is not worth an entry.
    case "preview":
      return { label: messages.import.label, scope: "*:r", event: null };
    case "import":
      return { label: messages.import.label, scope: "*:rw", event: { kind: "import" } };
    default:
      return null;
  }
}

/** To read these modules; all if there are none, or too many, or if no scope can name one. */
function readScope(modules: string[]): string {
  const scopes = modules.map((module) => parseScopes(`${module}:r`));
  const isNamed = scopes.every((named) => named?.length === 1);
  const all = isNamed && scopes.length <= MAX_SCOPES ? scopes.flatMap((named) => named ?? []) : [];
  return all.length === 0 ? "*:r" : formatScopes(all);
}

const tooManyApps = (c: HonoContext): HandlerResponse =>
  c.json({ error: "too-many-apps", message: "Disconnect some apps first." }, 409);
