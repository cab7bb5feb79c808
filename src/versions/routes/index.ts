/** Routes of the pages about versions, the bin and going back in time. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { binRoutes } from "./bin";
import { freeRoutes } from "./free";
import { goBackRoutes } from "./go-back";
import { documentVersionsRoutes } from "./versions";

export const versionsRoutes = new Hono<{ Bindings: Env }>()
  .route("/", documentVersionsRoutes)
  .route("/", binRoutes)
  .route("/", goBackRoutes)
  .route("/", freeRoutes);
