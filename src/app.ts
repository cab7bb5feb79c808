/** The route map. Order: host, room; whatever nobody foresaw leaves by the error exit. */

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { accountRoutes } from "./accounts/routes";
import { dashboardRoutes } from "./dashboard/routes";
import { discoveryRoutes } from "./discovery/routes";
import { type Env, settings } from "./env";
import { allowApps } from "./http/cors";
import { type Door, isOpenHere } from "./http/hosts";
import { logFailure } from "./http/log";
import { errorPage, pageHeaders } from "./http/page";
import { authorizeRoutes } from "./oauth/authorize-routes";
import { tokenRoutes } from "./oauth/token-routes";
import { storageRoutes } from "./storage/routes";

const MAX_FORM_BYTES = 64 * 1024;

export const app = new Hono<{ Bindings: Env }>();

app.use(async (c, next) => {
  if (!isOpenHere(doorOf(c.req.path), c.req.url, settings(c.env))) {
    return c.text("There is nothing here.", 404);
  }
  await next();
});

app.route("/storage", storageRoutes);
app.route("/.well-known", discoveryRoutes);

app.use("/oauth/token", allowApps(["POST"]));
app.use("/oauth/revoke", allowApps(["POST"]));
app.use(
  bodyLimit({
    maxSize: MAX_FORM_BYTES,
    onError: (c) => errorPage(c, 413, "Too much", "This form is larger than any of ours."),
  }),
);
app.route("/oauth/authorize", authorizeRoutes);
app.route("/oauth", tokenRoutes);
app.route("/", accountRoutes);
app.route("/", dashboardRoutes);
app.get("*", asset);

function doorOf(path: string): Door {
  if (path.startsWith("/storage/")) return "storage";
  return path.startsWith("/.well-known/") ? "discovery" : "pages";
}

/** Style sheet, icon, scripts; 404 for everything else. */
async function asset(c: Context<{ Bindings: Env }>): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const found = await c.env.ASSETS.fetch(new URL(pathname, "https://assets.local"), c.req.raw);
  if (found.status === 404) return errorPage(c, 404, "Not found", "There is nothing here.");
  const response = new Response(found.body, found);
  for (const [name, value] of Object.entries(pageHeaders(c))) {
    if (name !== "Cache-Control") response.headers.set(name, value);
  }
  return response;
}

app.notFound((c) => errorPage(c, 404, "Not found", "There is nothing here."));

app.onError((error, c) => {
  const id = logFailure(c.req.raw, error);
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});
