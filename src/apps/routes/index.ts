/** Routes of the pages about connected apps and personal access tokens. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { connectedAppsRoutes } from "./apps";
import { tokensRoutes } from "./tokens";

export const appsRoutes = new Hono<{ Bindings: Env }>()
  .route("/", tokensRoutes)
  .route("/", connectedAppsRoutes);
