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
import { dashboardRoutes } from "./dashboard/routes";
import { refusePersonalHosts } from "./discovery/middleware";
import { discoveryRoutes } from "./discovery/routes";
import { domainRoutes } from "./domains/routes";
import type { Env } from "./env";
import { filesRoutes } from "./files/routes";
import { parseAssetPath } from "./http/assets";
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
import { logError } from "./platform/log";
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
import { type PlatformFailure, platformFailure } from "./ui/platform-failure";
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
  const { file, isFinal } = parseAssetPath(c, new URL(c.req.url).pathname);
  const asset = await c.env.ASSETS.fetch(`https://assets.local${file}`, c.req.raw);
  if (asset.status === 404) return notFoundPage(c);
  const response = new Response(asset.body, asset);
  // Browsers also keep the headers of a 304, which a page that is loaded anew asks for.
  const isCurrent = asset.ok || asset.status === 304;
  if (isFinal && isCurrent) response.headers.set("Cache-Control", "max-age=31536000, immutable");
  return response;
}

app.notFound(notFoundPage);

app.onError((error, c) => {
  const failure = platformFailure(c, error, Date.now());
  if (failure !== null) return failureResponse(c, failure);
  const id = logError(c.req.raw, error);
  if (prefersPage(c)) {
    const { title, sentence } = messagesFor(c, UI_MESSAGES).serverError;
    return errorPage(c, 500, { title, sentence: sentence(id) });
  }
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});

/** A page with a sentence for people, or JSON for programs. */
function failureResponse(c: HonoContext, { refusal, sentence }: PlatformFailure): HandlerResponse {
  const response = refusalResponse(refusal);
  if (!prefersPage(c)) return response;
  const retryAfter = response.headers.get("Retry-After");
  if (retryAfter !== null) c.header("Retry-After", retryAfter);
  const { unavailable: title } = messagesFor(c, UI_MESSAGES);
  return errorPage(c, response.status as ContentfulStatusCode, { title, sentence });
}

/** Whether the client is a browser that will show the response as a page. */
const prefersPage = (c: HonoContext): boolean =>
  c.req.header("accept")?.includes("text/html") ?? false;
