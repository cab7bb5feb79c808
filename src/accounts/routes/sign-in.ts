/** Routes for signing in and out, and for reauthentication: /sign-in, /sign-out, /confirm. */

import { Hono } from "hono";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { clientAddressKey, isWithinRateLimit } from "../../http/rate-limits";
import { readForm, readJson } from "../../ui/form";
import { loadSignInMethods } from "../accounts";
import { recordPasskeyUse } from "../db/passkeys";
import { recordReauthentication } from "../db/sessions";
import { nextPath, parseUserInput } from "../form-input";
import { requireSignIn } from "../middleware";
import { forgetNext, rememberNext } from "../next-cookie";
import { relyingParty, type SignInForm } from "../pages/fields";
import { reauthenticationPage, signInPage } from "../pages/sign-in";
import { requestOptions, type VerifiedAssertion, verifyAssertion } from "../passkeys";
import { checkPassword } from "../passwords";
import { browserCookie, rememberBrowser } from "../passwords/known-browsers";
import { optionsJson, refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { currentAccount, endSession, startSessionByCredential } from "../sessions";

export const signInRoutes = new Hono<{ Bindings: Env }>();

/** Who cannot sign in here may recover first, perhaps by a link that an administrator hands over. */
signInRoutes.get("/sign-in", (c) => {
  const next = nextPath(c, c.req.query("next"));
  rememberNext(c, next);
  return renderSignIn(c, { name: c.req.query("name") ?? "", next });
});

signInRoutes.post("/sign-in", async (c) => {
  const fields = await readForm(c);
  const form = {
    name: parseUserInput(c, fields.get("name") ?? ""),
    next: nextPath(c, fields.get("next")),
  };
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return renderSignIn(c, form, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const password = fields.get("password") ?? "";
  const source = { address: clientAddressKey(c), browserCookie: browserCookie(c, form.name) };
  const checked = await checkPassword(c.env, form.name, password, source, now);
  if (!checked.ok) return renderSignIn(c, form, checked.refusal);
  const { credential } = checked;
  const signIn = { method: "password" } as const;
  if (!(await startSessionByCredential(c, credential, signIn, [], now)))
    return renderSignIn(c, form, { code: "wrong" });
  await rememberBrowser(c, form.name, credential.hash);
  forgetNext(c);
  return c.redirect(form.next, 303);
});

/** Called twice by /passkeys.js: for the options of the assertion, then with the assertion. */
signInRoutes.post("/sign-in/passkey", async (c) => {
  const { credential, next } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  if (credential === undefined) {
    const client = clientAddressKey(c);
    return optionsJson(c, await requestOptions(c.env.DB, relyingParty(c), null, client, now));
  }
  const verified = await verifyAssertion(c.env.DB, relyingParty(c), null, credential, now);
  if (!verified.ok) return refusalJson(c, verified.refusal);
  const signIn = { method: "passkey" } as const;
  const effects = passkeyUse(c, verified, now);
  if (!(await startSessionByCredential(c, verified.token, signIn, effects, now)))
    return refusalJson(c, { code: "late-passkey" });
  forgetNext(c);
  return c.json({ next: nextPath(c, next) });
});

signInRoutes.post("/sign-out", async (c) => {
  await endSession(c);
  return c.redirect("/", 303);
});

signInRoutes.get("/confirm", requireSignIn, (c) =>
  renderReauthentication(c, nextPath(c, c.req.query("next"))),
);

signInRoutes.post("/confirm", requireSignIn, async (c) => {
  const fields = await readForm(c);
  const next = nextPath(c, fields.get("next"));
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return renderReauthentication(c, next, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account, hash } = c.var.session;
  const password = fields.get("password") ?? "";
  const source = { address: clientAddressKey(c), session: hash };
  const checked = await checkPassword(c.env, account.name, password, source, now);
  if (!checked.ok) return renderReauthentication(c, next, checked.refusal);
  const isRecorded = await recordReauthentication(c.env.DB, checked.credential, hash, [], now);
  return isRecorded ? c.redirect(next, 303) : renderReauthentication(c, next, { code: "wrong" });
});

/** A user who had to sign in before the script's request was accepted is sent back here. */
signInRoutes.get("/confirm/passkey", (c) => c.redirect("/confirm", 303));

/** Like /sign-in/passkey, but accepts only a passkey of the signed-in user. */
signInRoutes.post("/confirm/passkey", requireSignIn, async (c) => {
  const { credential, next } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account, hash } = c.var.session;
  if (credential === undefined) {
    const client = clientAddressKey(c);
    return optionsJson(c, await requestOptions(c.env.DB, relyingParty(c), account.id, client, now));
  }
  const verified = await verifyAssertion(c.env.DB, relyingParty(c), account.id, credential, now);
  if (!verified.ok) return refusalJson(c, verified.refusal);
  const effects = passkeyUse(c, verified, now);
  const isRecorded = await recordReauthentication(c.env.DB, verified.token, hash, effects, now);
  return isRecorded
    ? c.json({ next: nextPath(c, next) })
    : refusalJson(c, { code: "late-passkey" });
});

const passkeyUse = (
  c: HonoContext,
  { token, use }: VerifiedAssertion,
  now: number,
): D1PreparedStatement[] => recordPasskeyUse(c.env.DB, token, use, now);

const renderSignIn = async (c: HonoContext, form: SignInForm, refusal?: AccountRefusal) =>
  signInPage(c, await currentAccount(c, Date.now()), form, refusal);

async function renderReauthentication(c: HonoContext, next: string, refusal?: AccountRefusal) {
  const { account } = c.var.session;
  const methods = await loadSignInMethods(c.env.DB, account.id);
  return reauthenticationPage(c, account, methods, next, refusal);
}
