/** GET /metrics: metrics for the operator, protected by METRICS_TOKEN. */

import { Hono } from "hono";
import { equalInConstantTime } from "../../core/secrets";
import { type Env, settings } from "../../env";
import { PROMETHEUS_CONTENT_TYPE, renderMetrics } from "../metrics";
import { flushTraffic } from "../traffic";

export const metricsRoutes = new Hono<{ Bindings: Env }>().get("/metrics", async (c) => {
  const { METRICS_TOKEN } = settings(c.env);
  if (METRICS_TOKEN === "") return c.text("Not found.", 404);
  const presented = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
  if (!equalInConstantTime(presented, METRICS_TOKEN)) {
    const headers = { "WWW-Authenticate": 'Bearer realm="metrics"', "Cache-Control": "no-store" };
    return c.text("Send the METRICS_TOKEN: Authorization: Bearer <token>.", 401, headers);
  }
  await flushTraffic(c.env.DB);
  const text = await renderMetrics(c.env.DB, Date.now());
  return c.body(text, 200, {
    "Content-Type": PROMETHEUS_CONTENT_TYPE,
    "Cache-Control": "no-store",
  });
});
