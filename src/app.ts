/** The route map. Order: measure, host, room; whatever nobody foresaw leaves by the error exit. */

import { Hono } from "hono";
import { accountRoutes } from "./accounts/routes";
import { healthRoutes } from "./admin/health-routes";
import { metricsRoutes } from "./admin/metrics-routes";
import { adminRoutes } from "./admin/routes";
import { setUpRoutes } from "./admin/set-up-routes";
import { UNAVAILABLE, UNKNOWN_OUTCOME } from "./core/refusals";
import { dashboardRoutes } from "./dashboard/routes";
import { discoveryRoutes } from "./discovery/routes";
import type { Env } from "./env";
import type { Answer, AppContext } from "./http/context";
import { limitForms } from "./http/form";
import { onlyOnHostOf, requireHost, requireTls } from "./http/gates";
import { wordsOf } from "./http/language";
import { languageRoutes } from "./http/language-routes";
import { logFailure, logFault } from "./http/log";
import { measure } from "./http/measure-gates";
import { errorPage, guardPages, notFoundPage } from "./http/page";
import { isTransient } from "./http/patience";
import { refusalResponse } from "./http/refusals";
import { requireSameOrigin } from "./http/same-origin";
import { WORDS } from "./http/words";
import { authorizeRoutes } from "./oauth/authorize-routes";
import { deviceRoutes } from "./oauth/device-routes";
import { tokenRoutes } from "./oauth/token-routes";
import { rxdbRoutes } from "./rxdb/routes";
import { quotaRoutes } from "./storage/quota-routes";
import { storageRoutes } from "./storage/routes";

export const app = new Hono<{ Bindings: Env }>();

app.use(measure);
app.use(requireHost);
app.route("/", healthRoutes);
app.route("/storage", storageRoutes);
app.route("/quota", quotaRoutes);
app.route("/rxdb", rxdbRoutes);
app.use("/.well-known/*", onlyOnHostOf("discovery"));
app.route("/.well-known", discoveryRoutes);

app.use(requireTls, onlyOnHostOf("pages"));
app.route("/", metricsRoutes);
app.route("/oauth", tokenRoutes);
app.use(guardPages);
app.use(limitForms((c) => errorPage(c, 413, wordsOf(c, WORDS).tooMuch)));
app.use(requireSameOrigin);
app.route("/oauth/authorize", authorizeRoutes);
app.route("/", languageRoutes);
app.route("/", accountRoutes);
app.route("/", deviceRoutes);
app.route("/", dashboardRoutes);
app.route("/", setUpRoutes);
app.route("/admin", adminRoutes);
app.get("*", asset);

/** Style sheet, icon, scripts; 404 for everything else. */
async function asset(c: AppContext): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const found = await c.env.ASSETS.fetch(`https://assets.local${pathname}`, c.req.raw);
  if (found.status === 404) return notFoundPage(c);
  return new Response(found.body, found);
}

app.notFound(notFoundPage);

app.onError((error, c) => {
  if (isTransient(error)) return unavailable(c, error);
  const id = logFailure(c.req.raw, error);
  if (wantsPage(c)) {
    const { title, sentence } = wordsOf(c, WORDS).failed;
    return errorPage(c, 500, { title, sentence: sentence(id) });
  }
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});

/** A fault of the platform that will pass. What a form or an app wanted to change may be changed. */
function unavailable(c: AppContext, error: Error): Answer {
  logFault("A request was not answered.", error);
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  const refusal = isRead ? UNAVAILABLE : UNKNOWN_OUTCOME;
  if (!wantsPage(c)) return refusalResponse(refusal);
  c.header("Retry-After", String(refusal.retryAfterSeconds));
  const { unavailable: title, readFailed, writeFailed } = wordsOf(c, WORDS);
  return errorPage(c, 503, { title, sentence: isRead ? readFailed : writeFailed });
}

/** Whether it is a browser that will show the answer to a person. */
const wantsPage = (c: AppContext): boolean =>
  c.req.header("accept")?.includes("text/html") ?? false;
