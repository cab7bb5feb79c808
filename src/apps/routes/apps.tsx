/** The doors to the pages about connected apps: /apps. */

import { type Context, Hono } from "hono";
import { requireSignIn } from "../../accounts/middleware";
import { type Env, settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { listAppUsage } from "../../oauth/app-usage";
import { expiryOf, isDuration, narrowScopes } from "../../oauth/consent-answer";
import {
  type ConnectedApp,
  disconnectAllApps,
  disconnectApp,
  listConnectedApps,
  narrowApp,
} from "../../oauth/grants";
import { OAUTH_MESSAGES as OAUTH_WORDS } from "../../oauth/messages";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { errorPage } from "../../ui/layout";
import { APP_MESSAGES } from "../messages";
import {
  appPage,
  appsPage,
  type ChangeProblem,
  disconnectPage,
  pathOf,
  type Viewer,
} from "../pages/apps";

type AppsContext = Context<{ Bindings: Env }>;

export const appsRoutes = new Hono<{ Bindings: Env }>();

appsRoutes.use("/apps/*", requireSignIn);

appsRoutes.get("/apps", async (c) => {
  const viewer = viewerOf(c);
  const [apps, use] = await Promise.all([
    listConnectedApps(c.env.DB, viewer.person.id, viewer.now),
    listAppUsage(c.env.DB, viewer.person.id, viewer.now),
  ]);
  return appsPage(c, viewer, apps, use);
});

appsRoutes.get("/apps/app", async (c) => {
  const viewer = viewerOf(c);
  const app = await findApp(c, viewer, c.req.query("id"));
  return app ? showApp(c, viewer, app) : notConnected(c);
});

/** What an app may do can only become less here. */
appsRoutes.post("/apps/app", async (c) => {
  const viewer = viewerOf(c);
  const { person, now } = viewer;
  const app = await findApp(c, viewer, c.req.query("id"));
  if (app === undefined) return notConnected(c);
  const levels = await readForm(c);
  const end = readEnd(levels.get("end"), now);
  if (end === undefined) return showApp(c, viewer, app, "end");
  const left = narrowScopes(app.scopes, levels);
  if (left === null) return showApp(c, viewer, app, "level");
  // That would be its end, before which we ask.
  if (left.length === 0) return c.redirect(pathOf("disconnect", app), 303);
  const isDone = await narrowApp(c.env, person.id, app, { levels, expiresAt: end }, now);
  return isDone
    ? c.redirect(`${pathOf("app", app)}&after=changed`, 303)
    : showApp(c, viewer, app, "changed");
});

appsRoutes.get("/apps/disconnect", async (c) => {
  const viewer = viewerOf(c);
  const app = await findApp(c, viewer, c.req.query("app"));
  return app ? disconnectPage(c, viewer.person, app) : c.redirect("/apps", 303);
});

appsRoutes.post("/apps/disconnect", async (c) => {
  const viewer = viewerOf(c);
  const app = await findApp(c, viewer, c.req.query("app"));
  if (app) await disconnectApp(c.env, viewer.person.id, app, viewer.now);
  return c.redirect("/apps?after=disconnected", 303);
});

appsRoutes.get("/apps/disconnect-all", (c) => disconnectPage(c, c.var.session.account, null));

appsRoutes.post("/apps/disconnect-all", async (c) => {
  await disconnectAllApps(c.env, c.var.session.account.id, Date.now());
  return c.redirect("/apps?after=disconnected", 303);
});

function viewerOf(c: AppsContext): Viewer {
  const person = c.var.session.account;
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), person.name);
  return { person, address, now: Date.now() };
}

async function findApp(
  c: AppsContext,
  { person, now }: Viewer,
  id: string | undefined,
): Promise<ConnectedApp | undefined> {
  const apps = await listConnectedApps(c.env.DB, person.id, now);
  return apps.find((app) => app.id === id);
}

const showApp = async (
  c: AppsContext,
  viewer: Viewer,
  app: ConnectedApp,
  problem?: ChangeProblem,
): Promise<Response> =>
  appPage(c, viewer, app, await listAppUsage(c.env.DB, viewer.person.id, viewer.now), problem);

function notConnected(c: AppsContext): Response | Promise<Response> {
  const { toApps } = messagesFor(c, OAUTH_WORDS);
  return errorPage(c, 404, messagesFor(c, APP_MESSAGES).unknown, { href: "/apps", text: toApps });
}

/** Null: as before; undefined: no such choice. */
function readEnd(choice: string | null, now: number): number | null | undefined {
  if (choice === "keep") return null;
  return choice !== null && choice !== "always" && isDuration(choice)
    ? expiryOf(choice, now)
    : undefined;
}
