/** Routes of the activity log: /activity. */

import { Hono } from "hono";
import { loadActivity } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import { activityPage } from "../pages/activity";

export const activityRoutes = new Hono<{ Bindings: Env }>();

activityRoutes.get("/activity", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const load = (after: string, limit: number) =>
    loadActivity(c.env.DB, account.id, decodeCursor(after), limit);
  return activityPage(c, account, await loadPage(c, load, encodeCursor));
});
