/** Routes for signing up, with a password or a passkey: /sign-up. */

import { Hono } from "hono";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { safeRedirectPath } from "../../http/hosts";
import { clientAddressKey, isWithinRateLimit } from "../../http/rate-limits";
import { readForm, readJson } from "../../ui/form";
import { relyingParty } from "../pages/fields";
import { type SignUpForm, signUpPage, signUpRefusedPage } from "../pages/sign-up";
import { rememberBrowser } from "../passwords/known-browsers";
import { optionsJson, refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { startSession, startSessionByCredential } from "../sessions";
import { beginPasskeySignUp, checkSignUp, signUp, signUpWithPasskey } from "../sign-up";
import { deviceName } from "../user-agent";

export const signUpRoutes = new Hono<{ Bindings: Env }>();

signUpRoutes.get("/sign-up", async (c) => {
  const form = parseSignUpForm(c, (name) => c.req.query(name));
  const refusal = await checkSignUp(c.env, form.invitation, Date.now());
  return refusal ? signUpRefusedPage(c, refusal) : signUpPage(c, form);
});

signUpRoutes.post("/sign-up", async (c) => {
  const fields = await readForm(c);
  const form = parseSignUpForm(c, (name) => fields.get(name));
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return renderRefusal(c, form, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const password = fields.get("password") ?? "";
  const outcome = await signUp(c.env, form, password, clientAddressKey(c), now);
  if (!outcome.ok) return renderRefusal(c, form, outcome.refusal);
  const { account, passwordHash } = outcome;
  await startSession(c, account, { method: "password", isNew: true }, now);
  await rememberBrowser(c, account.name, passwordHash);
  return c.redirect(form.next, 303);
});

/** Called twice by /passkeys.js: for the options of the registration, then with the credential. */
signUpRoutes.post("/sign-up/passkey", async (c) => {
  const { credential, ...fields } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const form = parseSignUpForm(c, (name) => fields[name]);
  const now = Date.now();
  if (credential === undefined) {
    const input = { ...form, client: clientAddressKey(c) };
    return optionsJson(c, await beginPasskeySignUp(c.env, relyingParty(c), input, now));
  }
  const device = deviceName(c.req.header("user-agent")) ?? "Passkey";
  const registration = { invitation: form.invitation, response: credential, device };
  const outcome = await signUpWithPasskey(c.env, relyingParty(c), registration, now);
  if (!outcome.ok) return refusalJson(c, outcome.refusal);
  const signIn = { method: "passkey", isNew: true } as const;
  const isSignedIn = await startSessionByCredential(c, outcome.token, signIn, [], now);
  return isSignedIn ? c.json({ next: form.next }) : refusalJson(c, { code: "late-passkey" });
});

/** The form again, except where it could not be sent anyway. */
const renderRefusal = (c: HonoContext, form: SignUpForm, refusal: AccountRefusal) =>
  refusal.code === "closed" || refusal.code === "not-invited"
    ? signUpRefusedPage(c, refusal)
    : signUpPage(c, form, refusal);

function parseSignUpForm(c: HonoContext, field: (name: string) => unknown): SignUpForm {
  const text = (name: string): string => {
    const value = field(name);
    return typeof value === "string" ? value : "";
  };
  return {
    name: text("name"),
    next: safeRedirectPath(c.req.url, text("next") || undefined),
    invitation: text("invitation"),
  };
}
