/** Routes for users who cannot sign in: /recover, /link/<secret>, and /mail on this computer. */

import { Hono } from "hono";
import { parseUserName } from "../../core/names";
import { equalInConstantTime } from "../../core/secrets";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { isBehindCloudflare, isForwarded, isLoopback, resolveOrigins } from "../../http/hosts";
import { isWithinRateLimit } from "../../http/rate-limits";
import { logWarning } from "../../platform/log";
import { errorPage, notFoundPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { redeemOneTimeToken } from "../db/one-time-tokens";
import { nextPath, parseUserInput } from "../form-input";
import { findLink, linkEffects, tokenOfLink } from "../links";
import { ACCOUNT_MESSAGES } from "../messages";
import { forgetNext, rememberedNext, rememberNext } from "../next-cookie";
import {
  localEmailsPage,
  oneTimeLinkPage,
  recoveryCodePage,
  recoveryEmailPage,
} from "../pages/recovery";
import { checkRecoveryCode } from "../recovery-codes";
import { sendRecoveryEmail } from "../recovery-email";
import { TOO_MANY_ATTEMPTS } from "../refusal-responses";
import { canSendEmail } from "../send-email";
import { currentSession, startSessionByCredential } from "../sessions";

export const recoveryRoutes = new Hono<{ Bindings: Env }>();

recoveryRoutes.get("/recover", (c) => {
  rememberNext(c, nextPath(c, c.req.query("next")));
  return recoveryCodePage(c, "");
});

recoveryRoutes.post("/recover", async (c) => {
  const form = await readForm(c);
  const rawName = parseUserInput(c, form.get("name") ?? "");
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return recoveryCodePage(c, rawName, TOO_MANY_ATTEMPTS);
  const name = parseUserName(rawName);
  const checked = await checkRecoveryCode(c.env.DB, name, form.get("code") ?? "");
  if (!checked.ok) return recoveryCodePage(c, rawName, checked.refusal);
  const signIn = { method: "recovery-code" } as const;
  const isSignedIn = await startSessionByCredential(c, checked.token, signIn, [], Date.now());
  return isSignedIn
    ? c.redirect("/security?after=code", 303)
    : recoveryCodePage(c, rawName, { code: "wrong-code" });
});

recoveryRoutes.get("/recover/mail", (c) => {
  if (!canSendEmail(c.env)) return notFoundPage(c);
  rememberNext(c, nextPath(c, c.req.query("next")));
  return recoveryEmailPage(c);
});

/** Responds before the account is looked up: neither response nor timing reveals if it exists. */
recoveryRoutes.post("/recover/mail", async (c) => {
  if (!canSendEmail(c.env)) return notFoundPage(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return recoveryEmailPage(c, { refusal: TOO_MANY_ATTEMPTS });
  const name = parseUserInput(c, (await readForm(c)).get("name") ?? "");
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const { mail } = messagesFor(c, ACCOUNT_MESSAGES);
  const sending = sendRecoveryEmail(c.env, origins, mail, name, Date.now());
  c.executionCtx.waitUntil(
    sending.catch((error) => logWarning("A recovery email was not sent.", error)),
  );
  return recoveryEmailPage(c, { isSent: true });
});

recoveryRoutes.get("/link/:secret", async (c) => {
  const link = await findLink(c.env, c.req.param("secret"), Date.now());
  return link ? oneTimeLinkPage(c, link) : invalidLinkPage(c);
});

recoveryRoutes.post("/link/:secret", async (c) => {
  const now = Date.now();
  const link = await findLink(c.env, c.req.param("secret"), now);
  if (link === null) return invalidLinkPage(c);
  if (link.isSuspended) return oneTimeLinkPage(c, link, { code: "suspended" });
  const token = tokenOfLink(link);
  const effects = linkEffects(c.env, link, now);
  if (link.purpose === "email") {
    // The user who entered the address must still be signed in: so a thief whose session has ended
    // since then does not get their address confirmed.
    const session = await currentSession(c, now);
    if (session?.account.id !== link.account.id) {
      return c.redirect(`/sign-in?${new URLSearchParams({ next: c.req.path })}`, 303);
    }
    await redeemOneTimeToken(c.env.DB, token, effects);
    return c.redirect("/security?after=email", 303);
  }
  const signIn = { method: "link" } as const;
  const isSignedIn = await startSessionByCredential(c, token, signIn, effects, now);
  const after = link.purpose === "reset" ? "reset" : "link";
  return isSignedIn ? c.redirect(`/security?after=${after}`, 303) : invalidLinkPage(c);
});

/** Leads to where the user was going before they had to recover their sign-in. */
recoveryRoutes.get("/recover/continue", (c) => {
  const next = rememberedNext(c) ?? "/";
  forgetNext(c);
  return c.redirect(next, 303);
});

/**
 * The page has the emails of all users, so it is only for whoever has started the server on this computer, and has
 * been given its address. A proxy that names neither itself nor the host of the client looks like a browser here.
 */
recoveryRoutes.get("/mail", (c) => {
  const { LOCAL_MAIL_KEY: key = "" } = c.env;
  const isLocal =
    settings(c.env).MAIL === "local" &&
    key !== "" &&
    equalInConstantTime(c.req.query("key") ?? "", key) &&
    isLoopback(new URL(c.req.url).hostname) &&
    !isForwarded(c.req.raw.headers) &&
    !isBehindCloudflare(c);
  return isLocal ? localEmailsPage(c) : notFoundPage(c);
});

const invalidLinkPage = (c: HonoContext) =>
  errorPage(c, 404, messagesFor(c, ACCOUNT_MESSAGES).link.invalid);
