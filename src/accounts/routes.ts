/** The doors of accounts: sign-up, sign-in, sign-out, another password. */

import { type Context, Hono } from "hono";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { localPath, originsOf } from "../http/hosts";
import { clientAddress, hasTry, LIMIT_PERIOD_SECONDS } from "../http/limits";
import { type AccountRefusal, changePassword, checkPassword, signUp } from "./accounts";
import { changePasswordPage, type Form, signInPage, signUpPage } from "./pages";
import { currentAccount, endSession, startSession } from "./sessions";

type AccountContext = Context<{ Bindings: Env }>;

const TOO_MANY: AccountRefusal = {
  code: "wait",
  message: `Too many tries from your address. Try again in ${LIMIT_PERIOD_SECONDS} seconds.`,
  retryAfterSeconds: LIMIT_PERIOD_SECONDS,
};

export const accountRoutes = new Hono<{ Bindings: Env }>();

accountRoutes.get("/sign-up", (c) => signUpPage(c, queryForm(c)));

accountRoutes.post("/sign-up", async (c) => {
  const { password, ...form } = await readCredentials(c);
  if (!(await hasTry(c, c.env.SIGN_UP_LIMIT))) return signUpPage(c, form, TOO_MANY);
  const now = Date.now();
  const outcome = await signUp(c.env, form.name, password, now);
  if (!outcome.ok) return signUpPage(c, form, outcome.refusal);
  await startSession(c, outcome.account, "password", now);
  return c.redirect(form.next, 303);
});

accountRoutes.get("/sign-in", (c) => showSignIn(c, queryForm(c)));

accountRoutes.post("/sign-in", async (c) => {
  const { password, ...form } = await readCredentials(c);
  if (!(await hasTry(c, c.env.SIGN_IN_LIMIT))) return showSignIn(c, form, TOO_MANY);
  const now = Date.now();
  const outcome = await checkPassword(c.env, form.name, password, clientAddress(c), now);
  if (!outcome.ok) return showSignIn(c, form, outcome.refusal);
  await startSession(c, outcome.account, "password", now);
  return c.redirect(form.next, 303);
});

accountRoutes.get("/change-password", async (c) => {
  const account = await currentAccount(c, Date.now());
  return account ? changePasswordPage(c, account) : c.redirect("/sign-in?next=/change-password");
});

accountRoutes.post("/change-password", async (c) => {
  const now = Date.now();
  const account = await currentAccount(c, now);
  if (account === null) return c.redirect("/sign-in?next=/change-password", 303);
  if (!(await hasTry(c, c.env.SIGN_IN_LIMIT))) return changePasswordPage(c, account, TOO_MANY);
  const form = await readForm(c);
  const passwords = { current: form.get("current") ?? "", wanted: form.get("password") ?? "" };
  const outcome = await changePassword(c.env, account, passwords, clientAddress(c), now);
  if (!outcome.ok) return changePasswordPage(c, account, outcome.refusal);
  await startSession(c, account, "password", now);
  return c.redirect("/", 303);
});

accountRoutes.post("/sign-out", async (c) => {
  await endSession(c);
  return c.redirect("/", 303);
});

const showSignIn = async (c: AccountContext, form: Form, refusal?: AccountRefusal) =>
  signInPage(c, await currentAccount(c, Date.now()), form, refusal);

const queryForm = (c: AccountContext): Form => ({
  name: c.req.query("name") ?? "",
  next: localPath(c.req.url, c.req.query("next")),
});

async function readCredentials(c: AccountContext): Promise<Form & { password: string }> {
  const form = await readForm(c);
  return {
    name: userOf(c, form.get("name") ?? ""),
    password: form.get("password") ?? "",
    next: localPath(c.req.url, form.get("next") ?? undefined),
  };
}

/** People may give their whole address for their name. */
function userOf(c: AccountContext, raw: string): string {
  const { host } = new URL(originsOf(c.req.url, settings(c.env)).pages);
  const name = raw.trim();
  return name.toLowerCase().endsWith(`@${host}`) ? name.slice(0, -host.length - 1) : raw;
}
