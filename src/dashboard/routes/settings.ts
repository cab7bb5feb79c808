/** Routes of the settings page: /settings. */

import { Hono } from "hono";
import { loadProfile } from "../../accounts/accounts";
import { requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import { settingsPage } from "../pages/settings";

export const settingsRoutes = new Hono<{ Bindings: Env }>();

settingsRoutes.get("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  return settingsPage(c, account, await loadProfile(c.env.DB, account.id));
});
