/** Routes of moving in and out. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { moveInRoutes } from "./move-in";
import { moveOutRoutes } from "./move-out";

export const movingRoutes = new Hono<{ Bindings: Env }>()
  .route("/", moveInRoutes)
  .route("/", moveOutRoutes);
