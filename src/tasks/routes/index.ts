/** Routes of tasks and uploads. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { taskRoutes } from "./tasks";
import { uploadRoutes } from "./upload";

export const tasksRoutes = new Hono<{ Bindings: Env }>()
  .route("/", taskRoutes)
  .route("/", uploadRoutes);
