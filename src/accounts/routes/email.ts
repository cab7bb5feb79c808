/** Routes that set and remove the email address: /security/email. Behind `requireSignIn`. */

import { Hono, type Next } from "hono";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins } from "../../http/hosts";
import { isWithinRateLimit } from "../../http/rate-limits";
import { notFoundPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { loadSignInMethods } from "../accounts";
import { newActivityEntry } from "../activity";
import { deleteEmail } from "../db/email";
import { ACCOUNT_MESSAGES } from "../messages";
import { requireReauthentication } from "../middleware";
import { emailPage, removeEmailPage } from "../pages/email";
import { sendConfirmationEmail } from "../recovery-email";
import { TOO_MANY_ATTEMPTS } from "../refusal-responses";
import { canSendEmail, parseEmail } from "../send-email";

export const emailRoutes = new Hono<{ Bindings: Env }>();

emailRoutes.use("/security/email", requireEmailSupport, requireReauthentication);
emailRoutes.use("/security/email/*", requireEmailSupport, requireReauthentication);

emailRoutes.get("/security/email", async (c) =>
  emailPage(c, (await loadSignInMethods(c.env.DB, c.var.session.account.id)).email ?? ""),
);

/** The address is set only when the link that is sent to it is confirmed. */
emailRoutes.post("/security/email", async (c) => {
  const rawEmail = (await readForm(c)).get("email") ?? "";
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return emailPage(c, rawEmail, { refusal: TOO_MANY_ATTEMPTS });
  const email = parseEmail(rawEmail);
  if (email === null) return emailPage(c, rawEmail, { refusal: { code: "bad-email" } });
  const { id, name } = c.var.session.account;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const { mail } = messagesFor(c, ACCOUNT_MESSAGES);
  const recipient = { id, name, email };
  const sent = await sendConfirmationEmail(c.env, origins, mail, recipient, Date.now());
  return emailPage(c, email, sent.ok ? { sentTo: email } : { refusal: sent.refusal });
});

emailRoutes.get("/security/email/remove", (c) => removeEmailPage(c));

emailRoutes.post("/security/email/remove", async (c) => {
  const { id } = c.var.session.account;
  const { email } = await loadSignInMethods(c.env.DB, id);
  const entry = newActivityEntry({ kind: "email-removed" }, Date.now());
  if (email !== null) await deleteEmail(c.env.DB, id, email, entry);
  return c.redirect("/security", 303);
});

/** Without mail there are no such pages. */
async function requireEmailSupport(c: HonoContext, next: Next): Promise<Response | undefined> {
  if (!canSendEmail(c.env)) return notFoundPage(c);
  await next();
}
