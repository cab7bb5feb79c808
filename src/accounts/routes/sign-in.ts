/** The doors for signing in and out, and for proving again who is there. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { clientAddressKey, isWithinRateLimit } from "../../http/rate-limits";
import { readForm, readJson } from "../../ui/form";
import { loadSignInMethods } from "../accounts";
import { recordPasskeyUse } from "../db/passkeys";
import { recordReauthentication } from "../db/sessions";
import { nextPath, parseUserInput } from "../form-input";
import { requireSignIn } from "../middleware";
import { type AccountContext, type Form, siteHere } from "../pages/fields";
import { confirmPage, signInPage } from "../pages/sign-in";
import { requestOptions, type VerifiedAssertion, verifyAssertion } from "../passkeys";
import { checkPassword } from "../passwords";
import { refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";
import { currentAccount, endSession, startSessionByCredential } from "../sessions";

export const signInRoutes = new Hono<{ Bindings: Env }>();

signInRoutes.get("/sign-in", (c) =>
  showSignIn(c, { name: c.req.query("name") ?? "", next: nextPath(c, c.req.query("next")) }),
);

signInRoutes.post("/sign-in", async (c) => {
  const fields = await readForm(c);
  const form = {
    name: parseUserInput(c, fields.get("name") ?? ""),
    next: nextPath(c, fields.get("next")),
  };
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return showSignIn(c, form, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const password = fields.get("password") ?? "";
  const outcome = await checkPassword(c.env, form.name, password, clientAddressKey(c), now);
  if (!outcome.ok) return showSignIn(c, form, outcome.refusal);
  const isIn = await startSessionByCredential(
    c,
    outcome.credential,
    { method: "password" },
    [],
    now,
  );
  return isIn ? c.redirect(form.next, 303) : showSignIn(c, form, { code: "wrong" });
});

/** Of /passkeys.js: what a browser has to sign, whoever is there, and then what it has signed. */
signInRoutes.post("/sign-in/passkey", async (c) => {
  const { credential, next } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  if (credential === undefined) {
    return c.json(await requestOptions(c.env.DB, siteHere(c), null, now));
  }
  const shown = await verifyAssertion(c.env.DB, siteHere(c), null, credential, now);
  if (!shown.ok) return refusalJson(c, shown.refusal);
  const signIn = { method: "passkey" } as const;
  const isIn = await startSessionByCredential(c, shown.token, signIn, useOf(c, shown, now), now);
  return isIn ? c.json({ next: nextPath(c, next) }) : refusalJson(c, { code: "late-passkey" });
});

signInRoutes.post("/sign-out", async (c) => {
  await endSession(c);
  return c.redirect("/", 303);
});

signInRoutes.get("/confirm", requireSignIn, (c) =>
  showConfirm(c, nextPath(c, c.req.query("next"))),
);

signInRoutes.post("/confirm", requireSignIn, async (c) => {
  const fields = await readForm(c);
  const next = nextPath(c, fields.get("next"));
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return showConfirm(c, next, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account, hash } = c.var.session;
  const password = fields.get("password") ?? "";
  const outcome = await checkPassword(c.env, account.name, password, clientAddressKey(c), now);
  if (!outcome.ok) return showConfirm(c, next, outcome.refusal);
  const isProved = await recordReauthentication(c.env.DB, outcome.credential, hash, [], now);
  return isProved ? c.redirect(next, 303) : showConfirm(c, next, { code: "wrong" });
});

/** Where somebody comes back to who had to sign in first. */
signInRoutes.get("/confirm/passkey", (c) => c.redirect("/confirm", 303));

/** As /sign-in/passkey, for whose session it is alone. */
signInRoutes.post("/confirm/passkey", requireSignIn, async (c) => {
  const { credential, next } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account, hash } = c.var.session;
  if (credential === undefined) {
    return c.json(await requestOptions(c.env.DB, siteHere(c), account.id, now));
  }
  const shown = await verifyAssertion(c.env.DB, siteHere(c), account.id, credential, now);
  if (!shown.ok) return refusalJson(c, shown.refusal);
  const use = useOf(c, shown, now);
  const isProved = await recordReauthentication(c.env.DB, shown.token, hash, use, now);
  return isProved ? c.json({ next: nextPath(c, next) }) : refusalJson(c, { code: "late-passkey" });
});

const useOf = (
  c: AccountContext,
  { token, use }: VerifiedAssertion,
  now: number,
): D1PreparedStatement[] => recordPasskeyUse(c.env.DB, token, use, now);

const showSignIn = async (c: AccountContext, form: Form, refusal?: AccountRefusal) =>
  signInPage(c, await currentAccount(c, Date.now()), form, refusal);

async function showConfirm(c: AccountContext, next: string, refusal?: AccountRefusal) {
  const { account } = c.var.session;
  return confirmPage(c, account, await loadSignInMethods(c.env.DB, account.id), next, refusal);
}
