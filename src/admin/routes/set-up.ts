/** The door of the set-up link, by which a provider gets its first administrator. */

import { Hono } from "hono";
import { currentAccount } from "../../accounts/sessions";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { messagesFor } from "../../ui/language";
import { errorPage } from "../../ui/layout";
import { isSetUpLink, setUpWith } from "../invitations";
import { ADMIN_MESSAGES } from "../messages";
import { questionPage, strangerPage } from "../pages/set-up";

export const setUpRoutes = new Hono<{ Bindings: Env }>();

setUpRoutes.get("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  if (!(await isSetUpLink(c.env, secret, now))) return badLink(c);
  const account = await currentAccount(c, now);
  return account === null ? strangerPage(c, secret) : questionPage(c, account);
});

setUpRoutes.post("/set-up/:secret", async (c) => {
  const now = Date.now();
  const secret = c.req.param("secret");
  const account = await currentAccount(c, now);
  if (account === null) return c.redirect(c.req.path, 303);
  const isDone = await setUpWith(c.env, secret, account, now);
  return isDone ? c.redirect("/admin", 303) : badLink(c);
});

const badLink = (c: HonoContext): HandlerResponse =>
  errorPage(c, 404, messagesFor(c, ADMIN_MESSAGES).setUp.bad);
