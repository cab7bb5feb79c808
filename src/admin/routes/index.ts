/** Routes of /admin and everything below it, for administrators only. */

import { Hono } from "hono";
import { requireAdmin, requireSignIn } from "../../accounts/middleware";
import { dayNumber } from "../../core/time";
import type { Env } from "../../env";
import { countAccounts } from "../../monitoring/account-totals";
import { loadTraffic } from "../../monitoring/traffic";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import { listAuditLog } from "../audit-log";
import { auditLogPage } from "../pages/audit-log";
import { configurationPage } from "../pages/configuration";
import { firstChartDay, overviewPage } from "../pages/overview";
import { adminAccountRoutes } from "./accounts";
import { adminDomainRoutes } from "./domains";
import { invitationRoutes } from "./invitations";

export const adminRoutes = new Hono<{ Bindings: Env }>()
  .use("/*", requireSignIn, requireAdmin)
  .route("/accounts", adminAccountRoutes)
  .route("/domains", adminDomainRoutes)
  .route("/invitations", invitationRoutes);

adminRoutes.get("/", async (c) => {
  const now = Date.now();
  const today = dayNumber(now);
  const [totals, traffic] = await Promise.all([
    countAccounts(c.env.DB, now),
    loadTraffic(c.env.DB, firstChartDay(today)),
  ]);
  return overviewPage(c, totals, traffic, today);
});

adminRoutes.get("/settings", (c) => configurationPage(c));

adminRoutes.get("/log", async (c) => {
  const load = (after: string, limit: number) => listAuditLog(c.env.DB, decodeCursor(after), limit);
  return auditLogPage(c, await loadPage(c, load, encodeCursor));
});
