/** GET /metrics: metrics for the operator, protected by METRICS_TOKEN. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { refuseOperator } from "../../http/operator-token";
import { PROMETHEUS_CONTENT_TYPE, renderMetrics } from "../metrics";
import { flushTraffic } from "../traffic";

export const metricsRoutes = new Hono<{ Bindings: Env }>().get("/metrics", async (c) => {
  const refusal = refuseOperator(c, "METRICS_TOKEN");
  if (refusal !== null) return refusal;
  await flushTraffic(c.env.DB);
  const text = await renderMetrics(c.env.DB, Date.now());
  return c.body(text, 200, {
    "Content-Type": PROMETHEUS_CONTENT_TYPE,
    "Cache-Control": "no-store",
  });
});
