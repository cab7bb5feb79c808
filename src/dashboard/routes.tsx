/** The doors of the dashboard, a file for each page. */

import { Hono } from "hono";
import type { Env } from "../env";
import { activityRoutes } from "./activity-routes";
import { dataRoutes } from "./data-routes";
import { deletionRoutes } from "./deletion-routes";
import { homeRoutes } from "./home-routes";
import { settingsRoutes } from "./settings-routes";

export const dashboardRoutes = new Hono<{ Bindings: Env }>()
  .route("/", homeRoutes)
  .route("/", dataRoutes)
  .route("/", activityRoutes)
  .route("/", settingsRoutes)
  .route("/", deletionRoutes);
