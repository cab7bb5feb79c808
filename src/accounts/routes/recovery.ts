/** The doors for people who cannot get in: /recover, /link/<secret>, and /mail on this computer. */

import { Hono } from "hono";
import { parseUserName } from "../../core/names";
import { type Env, settings } from "../../env";
import { isBehindCloudflare, isLoopback, resolveOrigins } from "../../http/hosts";
import { isWithinRateLimit } from "../../http/rate-limits";
import { logWarning } from "../../platform/log";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { UI_MESSAGES as FRAME } from "../../ui/messages";
import { redeemOneTimeToken } from "../db/one-time-tokens";
import { parseUserInput } from "../form-input";
import { findLink, linkEffects, tokenOfLink } from "../links";
import { canSendMail } from "../mail";
import { ACCOUNT_MESSAGES } from "../messages";
import type { AccountContext } from "../pages/fields";
import { linkPage, mailPage, recoverByMailPage, recoverPage } from "../pages/recovery";
import { checkRecoveryCode } from "../recovery-codes";
import { sendRecoveryMail } from "../recovery-mail";
import { TOO_MANY_ATTEMPTS } from "../refusal-responses";
import { currentSession, startSessionByCredential } from "../sessions";

export const recoverRoutes = new Hono<{ Bindings: Env }>();

recoverRoutes.get("/recover", (c) => recoverPage(c, ""));

recoverRoutes.post("/recover", async (c) => {
  const form = await readForm(c);
  const typed = parseUserInput(c, form.get("name") ?? "");
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return recoverPage(c, typed, TOO_MANY_ATTEMPTS);
  const name = parseUserName(typed);
  const checked = await checkRecoveryCode(c.env.DB, name, form.get("code") ?? "");
  if (!checked.ok) return recoverPage(c, typed, checked.refusal);
  const isIn = await startSessionByCredential(
    c,
    checked.token,
    { method: "recovery-code" },
    [],
    Date.now(),
  );
  return isIn
    ? c.redirect("/security?after=code", 303)
    : recoverPage(c, typed, { code: "wrong-code" });
});

recoverRoutes.get("/recover/mail", (c) =>
  canSendMail(c.env) ? recoverByMailPage(c) : notFound(c),
);

/** Answers before anything was looked up, so that nothing of it shows in the answer or its time. */
recoverRoutes.post("/recover/mail", async (c) => {
  if (!canSendMail(c.env)) return notFound(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return recoverByMailPage(c, { refusal: TOO_MANY_ATTEMPTS });
  const name = parseUserInput(c, (await readForm(c)).get("name") ?? "");
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const sending = sendRecoveryMail(
    c.env,
    origins,
    messagesFor(c, ACCOUNT_MESSAGES).mail,
    name,
    Date.now(),
  );
  c.executionCtx.waitUntil(
    sending.catch((error) => logWarning("A mail for recovery was not sent.", error)),
  );
  return recoverByMailPage(c, { isSent: true });
});

recoverRoutes.get("/link/:secret", async (c) => {
  const link = await findLink(c.env, c.req.param("secret"), Date.now());
  return link ? linkPage(c, link) : badLink(c);
});

recoverRoutes.post("/link/:secret", async (c) => {
  const now = Date.now();
  const link = await findLink(c.env, c.req.param("secret"), now);
  if (link === null) return badLink(c);
  if (link.isSuspended) return linkPage(c, link, { code: "suspended" });
  const consequences = linkEffects(c.env, link, now);
  if (link.purpose === "email") {
    // Who has been signed out since, as a thief is, does not make their address a way in.
    const session = await currentSession(c, now);
    if (session?.account.id !== link.account.id) {
      return c.redirect(`/sign-in?${new URLSearchParams({ next: c.req.path })}`, 303);
    }
    await redeemOneTimeToken(c.env.DB, tokenOfLink(link), consequences);
    return c.redirect("/security?after=email", 303);
  }
  const signIn = { method: "link" } as const;
  const isIn = await startSessionByCredential(c, tokenOfLink(link), signIn, consequences, now);
  const after = link.purpose === "reset" ? "reset" : "link";
  return isIn ? c.redirect(`/security?after=${after}`, 303) : badLink(c);
});

/** Only somebody at this very computer reads other people's mail here. */
recoverRoutes.get("/mail", (c) => {
  const isHere =
    settings(c.env).MAIL === "local" &&
    isLoopback(new URL(c.req.url).hostname) &&
    !isBehindCloudflare(c);
  return isHere ? mailPage(c) : notFound(c);
});

const badLink = (c: AccountContext) => errorPage(c, 404, messagesFor(c, ACCOUNT_MESSAGES).link.bad);

const notFound = (c: AccountContext) => errorPage(c, 404, messagesFor(c, FRAME).notFound);
