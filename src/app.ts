/**
 * The app: all routes and middleware in order, and the error handler. Middleware runs from the top:
 * measure, check the host, linger, then the routes of each area.
 */

import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { accountRoutes } from "./accounts/routes";
import { adminRoutes } from "./admin/routes";
import { setUpRoutes } from "./admin/routes/set-up";
import { appsRoutes } from "./apps/routes";
import { type Refusal, UNAVAILABLE, UNKNOWN_OUTCOME } from "./core/refusals";
import { dashboardRoutes } from "./dashboard/routes";
import { refusePersonalHosts } from "./discovery/middleware";
import { discoveryRoutes } from "./discovery/routes";
import { domainRoutes } from "./domains/routes";
import type { Env } from "./env";
import { filesRoutes } from "./files/routes";
import type { HandlerResponse, HonoContext } from "./http/context";
import { lingerWhileSending } from "./http/linger";
import {
  applyForwardedProtocol,
  redirectOldHosts,
  rejectInvalidHost,
  requireHostRole,
  requireTls,
} from "./http/middleware";
import { refusalResponse } from "./http/refusals";
import { liveRoutes } from "./live/routes";
import { measureRequests } from "./monitoring/measure-requests";
import { healthRoutes } from "./monitoring/routes/health";
import { metricsRoutes } from "./monitoring/routes/metrics";
import { movingRoutes } from "./moving/routes";
import { authorizeRoutes } from "./oauth/routes/authorize";
import { deviceRoutes } from "./oauth/routes/device";
import { tokenRoutes } from "./oauth/routes/token";
import { logError, logWarning } from "./platform/log";
import { type PlanLimit, planLimitOf, planLimitRefusal } from "./platform/plan-limits";
import { isTransient } from "./platform/retry";
import { backupRoutes } from "./rxdb/routes/backup";
import { databaseRoutes } from "./rxdb/routes/databases";
import { rxdbRoutes } from "./rxdb/routes/sockets";
import { storageRoutes } from "./storage/routes";
import { batchRoutes } from "./storage/routes/batch";
import { previewRoutes } from "./storage/routes/preview";
import { quotaRoutes } from "./storage/routes/quota";
import { tasksRoutes } from "./tasks/routes";
import { transferRoutes } from "./transfer/routes";
import { errorPage, notFoundPage } from "./ui/error-pages";
import { limitFormSize } from "./ui/form";
import { messagesFor } from "./ui/language";
import { UI_MESSAGES } from "./ui/messages";
import { languageRoutes } from "./ui/routes";
import { requireSameOrigin } from "./ui/same-origin";
import { setSecurityHeaders } from "./ui/security-headers";
import { versionsRoutes } from "./versions/routes";

/** The Worker as a Hono app. */
export const app = new Hono<{ Bindings: Env }>();

app.use(measureRequests);
app.use(rejectInvalidHost);
app.use(applyForwardedProtocol);
app.use(lingerWhileSending);
app.route("/", healthRoutes);
app.route("/storage", storageRoutes);
app.route("/quota", quotaRoutes);
app.route("/batch", batchRoutes);
app.route("/preview", previewRoutes);
app.route("/rxdb", rxdbRoutes);
app.route("/databases", databaseRoutes);
app.route("/live", liveRoutes);
app.use("/.well-known/*", requireHostRole("discovery"));
app.route("/.well-known", discoveryRoutes);

app.use(requireTls, requireHostRole("pages"), refusePersonalHosts);
app.route("/", metricsRoutes);
app.route("/backup", backupRoutes);
app.route("/oauth", tokenRoutes);
app.use(redirectOldHosts);
app.use(setSecurityHeaders);
app.use(limitFormSize((c) => errorPage(c, 413, messagesFor(c, UI_MESSAGES).payloadTooLarge)));
app.use(requireSameOrigin);
app.route("/oauth/authorize", authorizeRoutes);
app.route("/", languageRoutes);
app.route("/", accountRoutes);
app.route("/", deviceRoutes);
app.route("/", appsRoutes);
app.route("/", tasksRoutes);
app.route("/", versionsRoutes);
app.route("/", filesRoutes);
app.route("/", domainRoutes);
app.route("/", dashboardRoutes);
app.route("/", transferRoutes);
app.route("/", movingRoutes);
app.route("/", setUpRoutes);
app.route("/admin", adminRoutes);
app.get("*", serveAsset);

/** Serves the style sheet, icon and scripts; 404 for everything else. */
async function serveAsset(c: HonoContext): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const asset = await c.env.ASSETS.fetch(`https://assets.local${pathname}`, c.req.raw);
  if (asset.status === 404) return notFoundPage(c);
  return new Response(asset.body, asset);
}

app.notFound(notFoundPage);

app.onError((error, c) => {
  const limit = planLimitOf(error);
  if (limit !== null) return planLimitResponse(c, error, limit);
  if (isTransient(error)) return unavailableResponse(c, error);
  const id = logError(c.req.raw, error);
  if (prefersPage(c)) {
    const { title, sentence } = messagesFor(c, UI_MESSAGES).serverError;
    return errorPage(c, 500, { title, sentence: sentence(id) });
  }
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});

/** 503 after a transient error of the platform. A change may or may not have been applied. */
function unavailableResponse(c: HonoContext, error: Error): HandlerResponse {
  logWarning("A request failed with a transient error.", error);
  const { readUnavailable, unknownOutcome } = messagesFor(c, UI_MESSAGES);
  return isRead(c)
    ? refusalPage(c, UNAVAILABLE, readUnavailable)
    : refusalPage(c, UNKNOWN_OUTCOME, unknownOutcome);
}

/** 503 or 507 after a call that the provider's plan does not allow. */
function planLimitResponse(c: HonoContext, error: Error, limit: PlanLimit): HandlerResponse {
  logWarning("A request has met a limit of the provider's plan at Cloudflare.", error);
  const refusal = planLimitRefusal(limit, isRead(c), Date.now());
  return refusalPage(c, refusal, messagesFor(c, UI_MESSAGES).planLimits[limit]);
}

/** A refusal as a page with a sentence for people, or as JSON for programs. */
function refusalPage(c: HonoContext, refusal: Refusal, sentence: string): HandlerResponse {
  const response = refusalResponse(refusal);
  if (!prefersPage(c)) return response;
  const retryAfter = response.headers.get("Retry-After");
  if (retryAfter !== null) c.header("Retry-After", retryAfter);
  const { unavailable: title } = messagesFor(c, UI_MESSAGES);
  return errorPage(c, response.status as ContentfulStatusCode, { title, sentence });
}

const isRead = (c: HonoContext): boolean => c.req.method === "GET" || c.req.method === "HEAD";

/** Whether the client is a browser that will show the response as a page. */
const prefersPage = (c: HonoContext): boolean =>
  c.req.header("accept")?.includes("text/html") ?? false;
