/** Routes of the set-up link, which makes an account the first administrator. */

import { Hono } from "hono";
import { currentAccount } from "../../accounts/sessions";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { errorPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { becomeAdministrator, isSetUpLinkValid } from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import { chooseAccountPage, confirmSetUpPage } from "../pages/set-up";

/** To be mounted at the root. */
export const setUpRoutes = new Hono<{ Bindings: Env }>();

setUpRoutes.get("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  if (!(await isSetUpLinkValid(c.env, secret, now))) return invalidLinkPage(c);
  const account = await currentAccount(c, now);
  return account === null ? chooseAccountPage(c, secret) : confirmSetUpPage(c, account);
});

setUpRoutes.post("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  const account = await currentAccount(c, now);
  if (account === null) return c.redirect(c.req.path, 303);
  const isDone = await becomeAdministrator(c.env, secret, account, now);
  return isDone ? c.redirect("/admin", 303) : invalidLinkPage(c);
});

const invalidLinkPage = (c: HonoContext): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, ADMIN_MESSAGES).setUp.invalidLink);
