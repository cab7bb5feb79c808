/** The route map. Order: host, room; whatever nobody foresaw leaves by the error exit. */

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { accountRoutes } from "./accounts/routes";
import { dashboardRoutes } from "./dashboard/routes";
import { discoveryRoutes } from "./discovery/routes";
import { type Env, settings } from "./env";
import { isOpenHere } from "./http/hosts";
import { logFailure } from "./http/log";
import { pageHeaders } from "./http/page";
import { authorizeRoutes } from "./oauth/authorize-routes";
import { tokenRoutes } from "./oauth/token-routes";
import { storageRoutes } from "./storage/routes";

const MAX_FORM_BYTES = 64 * 1024;

export const app = new Hono<{ Bindings: Env }>();

app.use(async (c, next) => {
  const door = new URL(c.req.url).pathname.startsWith("/storage/") ? "storage" : "pages";
  if (!isOpenHere(door, c.req.url, settings(c.env))) return c.notFound();
  await next();
});

app.route("/storage", storageRoutes);
app.route("/.well-known", discoveryRoutes);

app.use(bodyLimit({ maxSize: MAX_FORM_BYTES }));
app.route("/oauth/authorize", authorizeRoutes);
app.route("/oauth", tokenRoutes);
app.route("/", accountRoutes);
app.route("/", dashboardRoutes);
app.get("*", asset);

/** Style sheet, icon, scripts; 404 for everything else. */
async function asset(c: Context<{ Bindings: Env }>): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  const found = await c.env.ASSETS.fetch(new URL(pathname, "https://assets.local"), c.req.raw);
  const response = new Response(found.body, found);
  for (const [name, value] of Object.entries(pageHeaders())) {
    if (name !== "Cache-Control") response.headers.set(name, value);
  }
  return response;
}

app.notFound((c) => c.text("There is nothing here.", 404));

app.onError((error, c) => {
  const id = logFailure(c.req.raw, error);
  return c.json({ error: "internal", message: "Something went wrong on our side.", id }, 500, {
    "Cache-Control": "no-store",
  });
});
