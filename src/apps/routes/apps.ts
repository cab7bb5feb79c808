/** Routes of the pages about connected apps: /apps. */

import { Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import { type Env, settings } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { listAppUsage } from "../../oauth/app-usage";
import {
  type ConnectedApp,
  disconnectAllApps,
  disconnectApps,
  listConnectedApps,
  listUnusedApps,
  loadConnectedApp,
  narrowApp,
  positionOf,
} from "../../oauth/connected-apps";
import { expiryOf, isDuration, narrowScopes } from "../../oauth/consent-form";
import { errorPage } from "../../ui/error-pages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { decodeCursor, encodeCursor, loadPage } from "../../ui/paging";
import { APP_MESSAGES } from "../messages";
import { appPage, type ChangeProblem } from "../pages/app";
import { appsPage } from "../pages/apps";
import {
  confirmDisconnectAllPage,
  confirmDisconnectPage,
  confirmDisconnectUnusedPage,
} from "../pages/disconnect";
import { appPath, disconnectPath } from "../paths";

export const connectedAppsRoutes = new Hono<{ Bindings: Env }>();

connectedAppsRoutes.use("/apps/*", requireSignIn);

connectedAppsRoutes.get("/apps", async (c) => {
  const now = Date.now();
  const user = c.var.session.account;
  const load = (after: string, limit: number) =>
    listConnectedApps(c.env.DB, user.id, now, decodeCursor(after), limit);
  const [page, unused] = await Promise.all([
    loadPage(c, load, (last) => encodeCursor(positionOf(last))),
    listUnusedApps(c.env.DB, user.id, now, 0),
  ]);
  if (page.items.length === 0 && !page.isFirst) return c.redirect("/apps", 303);
  const grantIds = page.items.flatMap(({ grantIds }) => grantIds);
  const usage = await listAppUsage(c.env.DB, user.id, now, grantIds);
  return appsPage(c, { user, address: addressOf(c), now, page, unused: unused.count, usage });
});

connectedAppsRoutes.get("/apps/app", async (c) => {
  const now = Date.now();
  const app = await findApp(c, c.req.query("id"), now);
  return app ? renderApp(c, app, now) : notConnected(c);
});

/** Reduces the access of an app; it can never give more. */
connectedAppsRoutes.post("/apps/app", async (c) => {
  const now = Date.now();
  const app = await findApp(c, c.req.query("id"), now);
  if (app === undefined) return notConnected(c);
  const form = await readForm(c);
  const end = parseEnd(form.get("end"), now);
  if (end === undefined) return renderApp(c, app, now, "end");
  const scopes = narrowScopes(app.scopes, form);
  if (scopes === null) return renderApp(c, app, now, "level");
  // Without any scope left it would be disconnected, which needs a confirmation.
  if (scopes.length === 0) return c.redirect(disconnectPath(app), 303);
  const limit = { levels: form, expiresAt: end };
  const isNarrowed = await narrowApp(c.env, c.var.session.account.id, app, limit, now);
  return isNarrowed
    ? c.redirect(`${appPath(app)}&done=changed`, 303)
    : renderApp(c, app, now, "changed");
});

connectedAppsRoutes.get("/apps/disconnect", async (c) => {
  const app = await findApp(c, c.req.query("app"), Date.now());
  return app ? confirmDisconnectPage(c, c.var.session.account, app) : c.redirect("/apps", 303);
});

connectedAppsRoutes.post("/apps/disconnect", async (c) => {
  const now = Date.now();
  const app = await findApp(c, c.req.query("app"), now);
  if (app) await disconnectApps(c.env, c.var.session.account.id, [app], now);
  return c.redirect("/apps?done=disconnected", 303);
});

connectedAppsRoutes.get("/apps/unused", async (c) => {
  const unused = await unusedApps(c, Date.now());
  return unused.length === 0
    ? c.redirect("/apps", 303)
    : confirmDisconnectUnusedPage(c, c.var.session.account, unused);
});

/** Disconnects those of the selected apps that are still not used. */
connectedAppsRoutes.post("/apps/unused", async (c) => {
  const now = Date.now();
  const selected = new Set((await readForm(c)).getAll("app"));
  const apps = (await unusedApps(c, now)).filter(({ id }) => selected.has(id));
  if (apps.length > 0) await disconnectApps(c.env, c.var.session.account.id, apps, now);
  return c.redirect("/apps?done=disconnected", 303);
});

connectedAppsRoutes.get("/apps/disconnect-all", (c) =>
  confirmDisconnectAllPage(c, c.var.session.account),
);

connectedAppsRoutes.post("/apps/disconnect-all", async (c) => {
  await disconnectAllApps(c.env, c.var.session.account.id, Date.now());
  return c.redirect("/apps?done=disconnected", 303);
});

/** Of very many, the first: each has a statement in the batch that disconnects them. */
const MAX_UNUSED_APPS = 20;

const unusedApps = async (c: HonoContext, now: number): Promise<ConnectedApp[]> =>
  (await listUnusedApps(c.env.DB, c.var.session.account.id, now, MAX_UNUSED_APPS)).apps;

const addressOf = (c: HonoContext): string =>
  userAddress(resolveOrigins(c.req.url, settings(c.env)), c.var.session.account.name);

const findApp = (
  c: HonoContext,
  id: string | undefined,
  now: number,
): Promise<ConnectedApp | undefined> =>
  loadConnectedApp(c.env.DB, c.var.session.account.id, id ?? "", now);

async function renderApp(
  c: HonoContext,
  app: ConnectedApp,
  now: number,
  problem?: ChangeProblem,
): Promise<Response> {
  const user = c.var.session.account;
  const usage = await listAppUsage(c.env.DB, user.id, now, app.grantIds);
  return appPage(c, { user, address: addressOf(c), now, app, usage, problem });
}

function notConnected(c: HonoContext): HandlerResponse {
  const messages = messagesFor(c, APP_MESSAGES);
  return errorPage(c, 404, messages.notConnected, { href: "/apps", text: messages.backToApps });
}

/** When the access is to end, milliseconds since 1970; null: no change; undefined: invalid. */
function parseEnd(choice: string | null, now: number): number | null | undefined {
  if (choice === "keep") return null;
  return choice !== null && choice !== "always" && isDuration(choice)
    ? expiryOf(choice, now)
    : undefined;
}
