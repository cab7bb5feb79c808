/** Routes of the home page: /. */

import { Hono } from "hono";
import { type Account, loadSignInMethods } from "../../accounts/accounts";
import { currentAccount } from "../../accounts/sessions";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { listLatestApps } from "../../oauth/connected-apps";
import { loadUsage } from "../../storage/usage";
import { homePage, MAX_LISTED_APPS } from "../pages/home";
import { welcomePage } from "../pages/welcome";

export const homeRoutes = new Hono<{ Bindings: Env }>();

homeRoutes.get("/", async (c) => {
  const now = Date.now();
  const account = await currentAccount(c, now);
  return account === null ? welcomePage(c) : renderHome(c, account, now);
});

async function renderHome(c: HonoContext, account: Account, now: number): Promise<Response> {
  const [latest, signInMethods, usage] = await Promise.all([
    listLatestApps(c.env.DB, account.id, now, MAX_LISTED_APPS),
    loadSignInMethods(c.env.DB, account.id),
    loadUsage(c.env, account.id),
  ]);
  return homePage(c, account, { latest, signInMethods, usage });
}
