/** The doors for signing up, with a password or a passkey. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { safeRedirectPath } from "../../http/hosts";
import { isWithinRateLimit } from "../../http/rate-limits";
import { readForm, readJson } from "../../ui/form";
import { type AccountContext, siteHere } from "../pages/fields";
import { noSignUpPage, type SignUpForm, signUpPage } from "../pages/sign-up";
import { refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { startSession, startSessionByCredential } from "../sessions";
import { beginPasskeySignUp, checkSignUp, signUp, signUpWithPasskey } from "../sign-up";
import { deviceName } from "../user-agent";

export const signUpRoutes = new Hono<{ Bindings: Env }>();

signUpRoutes.get("/sign-up", async (c) => {
  const form = formOf(c, (name) => c.req.query(name));
  const barred = await checkSignUp(c.env, form.invitation, Date.now());
  return barred ? noSignUpPage(c, barred) : signUpPage(c, form);
});

signUpRoutes.post("/sign-up", async (c) => {
  const fields = await readForm(c);
  const form = formOf(c, (name) => fields.get(name));
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT)))
    return showRefusal(c, form, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const outcome = await signUp(c.env, form, fields.get("password") ?? "", now);
  if (!outcome.ok) return showRefusal(c, form, outcome.refusal);
  await startSession(c, outcome.account, { method: "password", isNew: true }, now);
  return c.redirect(form.next, 303);
});

/** Of /passkeys.js: what a browser has to make, and then the passkey that it has made. */
signUpRoutes.post("/sign-up/passkey", async (c) => {
  const { credential, ...fields } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_UP_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const form = formOf(c, (name) => fields[name]);
  const now = Date.now();
  if (credential === undefined) {
    const begun = await beginPasskeySignUp(c.env, siteHere(c), form, now);
    return begun.ok ? c.json(begun.options) : refusalJson(c, begun.refusal);
  }
  const device = deviceName(c.req.header("user-agent")) ?? "Passkey";
  const answer = { invitation: form.invitation, response: credential, device };
  const outcome = await signUpWithPasskey(c.env, siteHere(c), answer, now);
  if (!outcome.ok) return refusalJson(c, outcome.refusal);
  const signIn = { method: "passkey", isNew: true } as const;
  const isIn = await startSessionByCredential(c, outcome.token, signIn, [], now);
  return isIn ? c.json({ next: form.next }) : refusalJson(c, { code: "late-passkey" });
});

/** Where nobody can sign up there is no form to show again. */
const showRefusal = (c: AccountContext, form: SignUpForm, refusal: AccountRefusal) =>
  refusal.code === "closed" || refusal.code === "not-invited"
    ? noSignUpPage(c, refusal)
    : signUpPage(c, form, refusal);

function formOf(c: AccountContext, field: (name: string) => unknown): SignUpForm {
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
