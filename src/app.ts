/** The route map. Order: measure, host, room; whatever nobody foresaw leaves by the error exit. */

import { Hono } from "hono";
import { accountRoutes } from "./accounts/routes";
import { adminRoutes } from "./admin/routes";
import { setUpRoutes } from "./admin/routes/set-up";
import { appsRoutes } from "./apps/routes";
import { UNAVAILABLE, UNKNOWN_OUTCOME } from "./core/refusals";
import { dashboardRoutes } from "./dashboard/routes";
import { discoveryRoutes } from "./discovery/routes";
import type { Env } from "./env";
import type { HandlerResponse, HonoContext } from "./http/context";
import { rejectInvalidHost, requireHostRole, requireTls } from "./http/middleware";
import { refusalResponse } from "./http/refusals";
import { measureRequests } from "./monitoring/measure-requests";
import { healthRoutes } from "./monitoring/routes/health";
import { metricsRoutes } from "./monitoring/routes/metrics";
import { authorizeRoutes } from "./oauth/routes/authorize";
import { deviceRoutes } from "./oauth/routes/device";
import { tokenRoutes } from "./oauth/routes/token";
import { logError, logWarning } from "./platform/log";
import { isTransient } from "./platform/retry";
import { rxdbRoutes } from "./rxdb/routes";
import { storageRoutes } from "./storage/routes";
import { quotaRoutes } from "./storage/routes/quota";
import { errorPage, notFoundPage } from "./ui/error-pages";
import { limitFormSize } from "./ui/form";
import { messagesFor } from "./ui/language";
import { UI_MESSAGES } from "./ui/messages";
import { languageRoutes } from "./ui/routes";
import { requireSameOrigin } from "./ui/same-origin";
import { setSecurityHeaders } from "./ui/security-headers";

export const app = new Hono<{ Bindings: Env }>();

app.use(measureRequests);
app.use(rejectInvalidHost);
app.route("/", healthRoutes);
app.route("/storage", storageRoutes);
app.route("/quota", quotaRoutes);
app.route("/rxdb", rxdbRoutes);
app.use("/.well-known/*", requireHostRole("discovery"));
app.route("/.well-known", discoveryRoutes);

app.use(requireTls, requireHostRole("pages"));
app.route("/", metricsRoutes);
app.route("/oauth", tokenRoutes);
app.use(setSecurityHeaders);
app.use(limitFormSize((c) => errorPage(c, 413, messagesFor(c, UI_MESSAGES).payloadTooLarge)));
app.use(requireSameOrigin);
app.route("/oauth/authorize", authorizeRoutes);
app.route("/", languageRoutes);
app.route("/", accountRoutes);
app.route("/", deviceRoutes);
app.route("/", appsRoutes);
app.route("/", dashboardRoutes);
app.route("/", setUpRoutes);
app.route("/admin", adminRoutes);
app.get("*", asset);

/** Style sheet, icon, scripts; 404 for everything else. */
async function asset(c: HonoContext): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const found = await c.env.ASSETS.fetch(`https://assets.local${pathname}`, c.req.raw);
  if (found.status === 404) return notFoundPage(c);
  return new Response(found.body, found);
}

app.notFound(notFoundPage);

app.onError((error, c) => {
  if (isTransient(error)) return unavailable(c, error);
  const id = logError(c.req.raw, error);
  if (wantsPage(c)) {
    const { title, sentence } = messagesFor(c, UI_MESSAGES).serverError;
    return errorPage(c, 500, { title, sentence: sentence(id) });
  }
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});

/** A fault of the platform that will pass. What a form or an app wanted to change may be changed. */
function unavailable(c: HonoContext, error: Error): HandlerResponse {
  logWarning("A request was not answered.", error);
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  const refusal = isRead ? UNAVAILABLE : UNKNOWN_OUTCOME;
  if (!wantsPage(c)) return refusalResponse(refusal);
  c.header("Retry-After", String(refusal.retryAfterSeconds));
  const {
    unavailable: title,
    readUnavailable: readFailed,
    unknownOutcome: writeFailed,
  } = messagesFor(c, UI_MESSAGES);
  return errorPage(c, 503, { title, sentence: isRead ? readFailed : writeFailed });
}

/** Whether it is a browser that will show the answer to a person. */
const wantsPage = (c: HonoContext): boolean =>
  c.req.header("accept")?.includes("text/html") ?? false;
