/** The home page: one's address, and the apps that are connected. */

import { type Context, Hono } from "hono";
import type { Account } from "../accounts/accounts";
import { currentAccount } from "../accounts/sessions";
import { type Env, settings } from "../env";
import { readForm } from "../http/form";
import { addressOf, originsOf } from "../http/hosts";
import { page } from "../http/page";
import {
  type ConnectedApp,
  describeScopes,
  disconnectApp,
  listConnectedApps,
} from "../oauth/grants";
import { SUGGESTED_APPS, storageFirstLink } from "./apps";

type DashboardContext = Context<{ Bindings: Env }>;

export const dashboardRoutes = new Hono<{ Bindings: Env }>();

dashboardRoutes.get("/", async (c) => {
  const now = Date.now();
  const account = await currentAccount(c, now);
  if (account === null) return welcomePage(c);
  return homePage(c, account, await listConnectedApps(c.env.DB, account.id, now));
});

dashboardRoutes.post("/disconnect", async (c) => {
  const now = Date.now();
  const account = await currentAccount(c, now);
  if (account === null) return c.redirect("/sign-in", 303);
  const id = (await readForm(c)).get("origin");
  const app = (await listConnectedApps(c.env.DB, account.id, now)).find((app) => app.id === id);
  if (app) await disconnectApp(c.env.DB, account.id, app, now);
  return c.redirect("/", 303);
});

const welcomePage = (c: DashboardContext): Response | Promise<Response> =>
  page(
    c,
    { title: "Your data, anywhere" },
    <section>
      <h1>Your data, anywhere</h1>
      <p>
        Satchel keeps the data of your apps in a storage of your own. Apps that speak remoteStorage
        ask you for your address, you allow them what they need, and nothing ties your data to them.
      </p>
      <p class="row">
        {settings(c.env).SIGN_UP === "open" ? (
          <a class="button" href="/sign-up">
            Get your storage
          </a>
        ) : null}
        <a class="button quiet" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>,
  );

function homePage(
  c: DashboardContext,
  account: Account,
  apps: ConnectedApp[],
): Response | Promise<Response> {
  const address = addressOf(originsOf(c.req.url, settings(c.env)), account.name);
  return page(
    c,
    { title: "Home", person: account, scripts: ["/copy.js"] },
    <>
      <section>
        <h1>Your address</h1>
        <p>Give it to an app that asks where your data is to be kept.</p>
        <p class="row">
          <span class="address" id="address">
            {address}
          </span>
          <button type="button" class="quiet" data-copy="address" hidden>
            Copy
          </button>
        </p>
      </section>
      <section>
        <h2>Connected apps</h2>
        {apps.length === 0 ? (
          <p class="faint">None yet. Open one of those below, or give any app your address.</p>
        ) : (
          <ul class="list">
            {apps.map((app) => (
              <AppItem app={app} address={address} />
            ))}
          </ul>
        )}
      </section>
      <section>
        <h2>Open an app with your address</h2>
        <ul class="list">
          {SUGGESTED_APPS.map(({ name, url, about }) => (
            <li>
              <a href={storageFirstLink(url, address)} rel="noreferrer">
                {name}
              </a>
              <span class="faint">{about}</span>
            </li>
          ))}
        </ul>
      </section>
      <p class="faint">
        <a href="/change-password">Change your password</a>
      </p>
    </>,
  );
}

const AppItem = ({ app, address }: { app: ConnectedApp; address: string }) => (
  <li>
    <div>
      {app.url === "" ? (
        <strong>{app.name}</strong>
      ) : (
        <a href={storageFirstLink(app.url, address)} rel="noreferrer">
          {app.name}
        </a>
      )}
      <small>
        {describeScopes(app.scopes)}
        <br />
        Connected since {day(app.since)}
        {app.until === null ? "" : `, until ${day(app.until)}`}
      </small>
    </div>
    <form method="post" action="/disconnect">
      <input type="hidden" name="origin" value={app.id} />
      <button type="submit" class="quiet" aria-label={`Disconnect ${app.name}`}>
        Disconnect
      </button>
    </form>
  </li>
);

const day = (milliseconds: number): string =>
  new Date(milliseconds).toLocaleDateString("en", { dateStyle: "medium" });
