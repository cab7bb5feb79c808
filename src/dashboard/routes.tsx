/** The doors of the dashboard, a file for each page. */

import { Hono } from "hono";
import type { Env } from "../env";
import { activityRoutes } from "./activity-routes";
import { appsRoutes } from "./apps-routes";
import { dataRoutes } from "./data-routes";
import { databasesRoutes } from "./databases-routes";
import { deletionRoutes } from "./deletion-routes";
import { homeRoutes } from "./home-routes";
import { settingsRoutes } from "./settings-routes";
import { tokensRoutes } from "./tokens-routes";

export const dashboardRoutes = new Hono<{ Bindings: Env }>()
  .route("/", homeRoutes)
  .route("/", tokensRoutes)
  .route("/", appsRoutes)
  .route("/", dataRoutes)
  .route("/", databasesRoutes)
  .route("/", activityRoutes)
  .route("/", settingsRoutes)
  .route("/", deletionRoutes);
