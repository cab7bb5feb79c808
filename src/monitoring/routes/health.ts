/** GET /healthz: a public health check. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { checkHealth, isHealthy } from "../health";

export const healthRoutes = new Hono<{ Bindings: Env }>().get("/healthz", async (c) => {
  const health = await checkHealth(c.env, Date.now());
  return c.json(health, isHealthy(health) ? 200 : 503, { "Cache-Control": "no-store" });
});
