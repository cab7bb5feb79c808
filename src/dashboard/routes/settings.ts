/** Settings: the language, and what is kept about a person. */

import { Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import { readProfile } from "../../accounts/profile";
import type { Env } from "../../env";
import { settingsPage } from "../pages/settings";

export const settingsRoutes = new Hono<{ Bindings: Env }>();

settingsRoutes.get("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  return settingsPage(c, account, await readProfile(c.env.DB, account.id));
});
