/** The doors of administration: /admin and what is below it. */

import { Hono } from "hono";
import { requireAdmin, requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import { countAccounts } from "../../monitoring/account-totals";
import { loadTraffic, trafficDay } from "../../monitoring/traffic";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import { listActs } from "../log";
import { logPage } from "../pages/log";
import { firstDay, overviewPage } from "../pages/overview";
import { settingsPage } from "../pages/settings";
import { accountRoutes } from "./accounts";
import { invitationRoutes } from "./invitations";

export const adminRoutes = new Hono<{ Bindings: Env }>()
  .use("/*", requireSignIn, requireAdmin)
  .route("/accounts", accountRoutes)
  .route("/invitations", invitationRoutes);

adminRoutes.get("/", async (c) => {
  const now = Date.now();
  const today = trafficDay(now);
  const [totals, traffic] = await Promise.all([
    countAccounts(c.env.DB, now),
    loadTraffic(c.env.DB, firstDay(today)),
  ]);
  return overviewPage(c, totals, traffic, today);
});

adminRoutes.get("/settings", (c) => settingsPage(c));

adminRoutes.get("/log", async (c) => {
  const load = (after: string, limit: number) => listActs(c.env.DB, decodeCursor(after), limit);
  return logPage(c, await loadPage(c, load, encodeCursor));
});
