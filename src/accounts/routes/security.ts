/** The doors under /security: what changes a way in wants a fresh proof of who is there. */

import { Hono } from "hono";
import { type Env, settings } from "../../env";
import { resolveOrigins } from "../../http/hosts";
import { isWithinRateLimit } from "../../http/rate-limits";
import { errorPage } from "../../ui/error-pages";
import { readForm, readJson } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { UI_MESSAGES as FRAME } from "../../ui/messages";
import { loadSignInMethods } from "../accounts";
import { newActivityEntry } from "../activity";
import { deleteEmail } from "../db/email";
import {
  addPasskey,
  deletePasskey,
  loadPasskeys,
  type Passkey,
  renamePasskey,
} from "../db/passkeys";
import { deleteOtherSessions, deleteSessionOfAccount, loadBrowserSessions } from "../db/sessions";
import { parsePasskeyName } from "../form-input";
import { canSendMail, parseEmail } from "../mail";
import { ACCOUNT_MESSAGES } from "../messages";
import { requireReauthentication, requireSignIn } from "../middleware";
import { type AccountContext, siteHere } from "../pages/fields";
import { securityPage } from "../pages/security";
import {
  addPasskeyPage,
  codesPage,
  emailPage,
  makeCodesPage,
  passwordPage,
  questionPage,
  renamePasskeyPage,
} from "../pages/sign-in-methods";
import { creationOptions, verifyRegistration } from "../passkeys";
import { removePassword, setPassword } from "../passwords";
import { createRecoveryCodes } from "../recovery-codes";
import { sendConfirmationMail } from "../recovery-mail";
import { refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { deviceName } from "../user-agent";

export const securityRoutes = new Hono<{ Bindings: Env }>();

securityRoutes.get("/change-password", (c) => c.redirect("/security/password"));

securityRoutes.use("/security", requireSignIn);
securityRoutes.use("/security/*", requireSignIn);

securityRoutes.get("/security", async (c) => {
  const { account } = c.var.session;
  const [ways, passkeys, sessions] = await Promise.all([
    loadSignInMethods(c.env.DB, account.id),
    loadPasskeys(c.env.DB, account.id),
    loadBrowserSessions(c.env.DB, account.id, Date.now()),
  ]);
  return securityPage(c, { ways, passkeys, sessions });
});

/** Where somebody comes back to who had to sign in first. */
securityRoutes.get("/security/sessions/end", (c) => c.redirect("/security", 303));

/** Without a proof: whoever is afraid of a stranger is not to be kept waiting. */
securityRoutes.post("/security/sessions/end", async (c) => {
  const ended = (await readForm(c)).get("session") ?? "";
  const { account, hash } = c.var.session;
  const now = Date.now();
  if (ended === "others") {
    const entry = newActivityEntry({ kind: "sign-out-everywhere" }, now);
    await deleteOtherSessions(c.env.DB, account.id, hash, entry);
  } else {
    const session = (await loadBrowserSessions(c.env.DB, account.id, now)).find(
      (session) => session.hash === ended,
    );
    if (session) {
      const entry = newActivityEntry({ kind: "session-ended", device: session.device }, now);
      await deleteSessionOfAccount(c.env.DB, account.id, session.hash, entry);
    }
  }
  return c.redirect("/security?after=ended", 303);
});

securityRoutes.use("/security/password", requireReauthentication);
securityRoutes.use("/security/password/*", requireReauthentication);

securityRoutes.get("/security/password", (c) => showPassword(c));

securityRoutes.post("/security/password", async (c) => {
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return showPassword(c, TOO_MANY_ATTEMPTS);
  const password = (await readForm(c)).get("password") ?? "";
  const outcome = await setPassword(c.env, c.var.session, password, Date.now());
  return outcome.ok
    ? c.redirect("/security?after=password", 303)
    : showPassword(c, outcome.refusal);
});

securityRoutes.get("/security/password/remove", (c) => showRemovePassword(c));

securityRoutes.post("/security/password/remove", async (c) => {
  const outcome = await removePassword(c.env, c.var.session, Date.now());
  return outcome.ok ? c.redirect("/security", 303) : showRemovePassword(c, outcome.refusal);
});

securityRoutes.use("/security/passkeys/*", requireReauthentication);

securityRoutes.get("/security/passkeys/add", (c) => addPasskeyPage(c));

/**
 * Of /passkeys.js: what a browser has to make, and then the passkey that it has made. Without it
 * the form can still be sent, by the Enter key.
 */
securityRoutes.post("/security/passkeys/add", async (c) => {
  if (!c.req.header("content-type")?.startsWith("application/json")) return addPasskeyPage(c);
  const { credential, name } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account } = c.var.session;
  const site = siteHere(c);
  if (credential === undefined) {
    const known = await loadPasskeys(c.env.DB, account.id);
    return c.json(await creationOptions(c.env.DB, site, { purpose: "add", account }, known, now));
  }
  const called = parsePasskeyName(name, deviceName(c.req.header("user-agent")) ?? "Passkey");
  const verified = await verifyRegistration(c.env.DB, site, "add", credential, called, now);
  if (!verified.ok) return refusalJson(c, verified.refusal);
  const { token, passkey } = verified;
  if (token.account !== account.id) return refusalJson(c, { code: "late-passkey" });
  const entry = newActivityEntry({ kind: "passkey-added", name: called }, now);
  const isAdded = await addPasskey(c.env.DB, token, passkey, entry);
  return isAdded ? c.json({ next: "/security" }) : refusalJson(c, { code: "bad-passkey" });
});

securityRoutes.get("/security/passkeys/:id", async (c) => {
  const passkey = await passkeyOf(c);
  return passkey ? renamePasskeyPage(c, passkey) : notFound(c);
});

securityRoutes.post("/security/passkeys/:id", async (c) => {
  const passkey = await passkeyOf(c);
  if (!passkey) return notFound(c);
  const name = parsePasskeyName((await readForm(c)).get("name"), passkey.name);
  const entry = newActivityEntry({ kind: "passkey-renamed", name }, Date.now());
  await renamePasskey(c.env.DB, c.var.session.account.id, passkey.id, name, entry);
  return c.redirect("/security", 303);
});

securityRoutes.get("/security/passkeys/:id/remove", async (c) => {
  const passkey = await passkeyOf(c);
  return passkey ? showRemovePasskey(c, passkey) : notFound(c);
});

securityRoutes.post("/security/passkeys/:id/remove", async (c) => {
  const passkey = await passkeyOf(c);
  // Gone already, perhaps by this very form, whose answer was lost.
  if (!passkey) return c.redirect("/security", 303);
  const { account, hash } = c.var.session;
  const entry = newActivityEntry({ kind: "passkey-removed", name: passkey.name }, Date.now());
  const isGone = await deletePasskey(c.env.DB, account.id, passkey.id, hash, entry);
  return isGone
    ? c.redirect("/security", 303)
    : showRemovePasskey(c, passkey, { code: "last-sign-in-method" });
});

securityRoutes.use("/security/recovery-codes", requireReauthentication);

securityRoutes.get("/security/recovery-codes", (c) => showMakeCodes(c));

securityRoutes.post("/security/recovery-codes", async (c) => {
  const outcome = await createRecoveryCodes(c.env.DB, c.var.session.account.id, Date.now());
  return outcome.ok ? codesPage(c, outcome.codes) : showMakeCodes(c, outcome.refusal);
});

securityRoutes.use("/security/email", requireMail, requireReauthentication);
securityRoutes.use("/security/email/*", requireMail, requireReauthentication);

securityRoutes.get("/security/email", async (c) =>
  emailPage(c, (await loadSignInMethods(c.env.DB, c.var.session.account.id)).email ?? ""),
);

securityRoutes.post("/security/email", async (c) => {
  const typed = (await readForm(c)).get("email") ?? "";
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return emailPage(c, typed, { refusal: TOO_MANY_ATTEMPTS });
  const email = parseEmail(typed);
  if (email === null) return emailPage(c, typed, { refusal: { code: "bad-email" } });
  const { id, name } = c.var.session.account;
  const origins = resolveOrigins(c.req.url, settings(c.env));
  const { mail } = messagesFor(c, ACCOUNT_MESSAGES);
  await sendConfirmationMail(c.env, origins, mail, { id, name, email }, Date.now());
  return emailPage(c, email, { sentTo: email });
});

securityRoutes.get("/security/email/remove", (c) => {
  const {
    removeTitle: title,
    removeWhat: what,
    removeButton: button,
  } = messagesFor(c, ACCOUNT_MESSAGES).email;
  return questionPage(c, { title, what, button });
});

securityRoutes.post("/security/email/remove", async (c) => {
  const { id } = c.var.session.account;
  const { email } = await loadSignInMethods(c.env.DB, id);
  const entry = newActivityEntry({ kind: "email-removed" }, Date.now());
  if (email !== null) await deleteEmail(c.env.DB, id, email, entry);
  return c.redirect("/security", 303);
});

async function requireMail(
  c: AccountContext,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  if (!canSendMail(c.env)) return notFound(c);
  await next();
}

const showPassword = async (c: AccountContext, refusal?: AccountRefusal) =>
  passwordPage(c, await loadSignInMethods(c.env.DB, c.var.session.account.id), refusal);

const showMakeCodes = async (c: AccountContext, refusal?: AccountRefusal) =>
  makeCodesPage(c, await loadSignInMethods(c.env.DB, c.var.session.account.id), refusal);

function showRemovePassword(c: AccountContext, refusal?: AccountRefusal) {
  const words = messagesFor(c, ACCOUNT_MESSAGES).newPassword;
  const { removeTitle: title, removeWhat: what, removeButton: button } = words;
  return questionPage(c, { title, what, button }, refusal);
}

function showRemovePasskey(c: AccountContext, { name }: Passkey, refusal?: AccountRefusal) {
  const {
    removeTitle,
    removeWhat: what,
    removeButton: button,
  } = messagesFor(c, ACCOUNT_MESSAGES).passkey;
  return questionPage(c, { title: removeTitle(name), what, button }, refusal);
}

/** The passkey that the path names, if it is one of this person's. */
const passkeyOf = async (c: AccountContext): Promise<Passkey | undefined> =>
  (await loadPasskeys(c.env.DB, c.var.session.account.id)).find(
    ({ id }) => id === c.req.param("id"),
  );

const notFound = (c: AccountContext) => errorPage(c, 404, messagesFor(c, FRAME).notFound);
