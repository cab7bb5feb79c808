/** Routes of moving out: /transfer/move-out. */

import { Hono } from "hono";
import { loadProfile } from "../../accounts/accounts";
import { requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import { moveOutPage } from "../pages/move-out";
import { MOVE_OUT_PATH } from "../paths";

export const moveOutRoutes = new Hono<{ Bindings: Env }>();

moveOutRoutes.get(MOVE_OUT_PATH, requireSignIn, async (c) => {
  const { domains } = await loadProfile(c.env.DB, c.var.session.account.id);
  return moveOutPage(c, domains[0] ?? null);
});
