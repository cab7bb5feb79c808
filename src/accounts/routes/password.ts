/** Routes that set and remove the password: /security/password. Behind `requireSignIn`. */

import { Hono } from "hono";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { isWithinRateLimit } from "../../http/rate-limits";
import { readForm } from "../../ui/form";
import { loadSignInMethods } from "../accounts";
import { requireReauthentication } from "../middleware";
import { passwordPage, removePasswordPage } from "../pages/password";
import { removePassword, setPassword } from "../passwords";
import { rememberBrowser } from "../passwords/known-browsers";
import { TOO_MANY_ATTEMPTS } from "../refusal-responses";
import type { AccountRefusal } from "../refusals";

export const passwordRoutes = new Hono<{ Bindings: Env }>();

passwordRoutes.use("/security/password", requireReauthentication);
passwordRoutes.use("/security/password/*", requireReauthentication);

passwordRoutes.get("/security/password", (c) => renderPasswordPage(c));

passwordRoutes.post("/security/password", async (c) => {
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT)))
    return renderPasswordPage(c, TOO_MANY_ATTEMPTS);
  const password = (await readForm(c)).get("password") ?? "";
  const { session } = c.var;
  const outcome = await setPassword(c.env, session, password, Date.now());
  if (!outcome.ok) return renderPasswordPage(c, outcome.refusal);
  await rememberBrowser(c, session.account.name, outcome.passwordHash);
  return c.redirect("/security?after=password", 303);
});

passwordRoutes.get("/security/password/remove", (c) => removePasswordPage(c));

passwordRoutes.post("/security/password/remove", async (c) => {
  const outcome = await removePassword(c.env, c.var.session, Date.now());
  return outcome.ok ? c.redirect("/security", 303) : removePasswordPage(c, outcome.refusal);
});

const renderPasswordPage = async (c: HonoContext, refusal?: AccountRefusal) =>
  passwordPage(c, await loadSignInMethods(c.env.DB, c.var.session.account.id), refusal);
