/** GET /healthz: a public health check. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { checkHealth, isHealthy } from "../health";

export const healthRoutes = new Hono<{ Bindings: Env }>().get("/healthz", async (c) => {
  const health = await checkHealth(c.env, Date.now());
  // `npm run deploy` waits for the answer of the version that it has uploaded.
  if (c.env.VERSION) c.header("Satchel-Version", c.env.VERSION.id);
  return c.json(health, isHealthy(health) ? 200 : 503, { "Cache-Control": "no-store" });
});
