/** Settings: the language, and what is kept about a person. */

import { Hono } from "hono";
import { requireSignIn } from "../accounts/gates";
import { readProfile } from "../accounts/profile";
import type { Env } from "../env";
import { settingsPage } from "./settings-page";

export const settingsRoutes = new Hono<{ Bindings: Env }>();

settingsRoutes.get("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  return settingsPage(c, account, await readProfile(c.env.DB, account.id));
});
