/** Routes of the dashboard: home, data, activity, settings, account deletion. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { activityRoutes } from "./activity";
import { dataRoutes } from "./data";
import { databasesRoutes } from "./databases";
import { deletionRoutes } from "./deletion";
import { homeRoutes } from "./home";
import { settingsRoutes } from "./settings";

export const dashboardRoutes = new Hono<{ Bindings: Env }>()
  .route("/", homeRoutes)
  .route("/", dataRoutes)
  .route("/", databasesRoutes)
  .route("/", activityRoutes)
  .route("/", settingsRoutes)
  .route("/", deletionRoutes);
