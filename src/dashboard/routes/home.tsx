/** The home page: one's address, what to do next, the apps that are connected. */

import { type Context, Hono } from "hono";
import type { Account } from "../../accounts/accounts";
import { currentAccount } from "../../accounts/sessions";
import { waysIn } from "../../accounts/sign-in-methods";
import type { Env } from "../../env";
import { listConnectedApps } from "../../oauth/grants";
import { readUsage } from "../../storage/usage";
import { homePage } from "../pages/home";
import { welcomePage } from "../pages/welcome";

export const homeRoutes = new Hono<{ Bindings: Env }>();

homeRoutes.get("/", async (c) => {
  const now = Date.now();
  const account = await currentAccount(c, now);
  return account === null ? welcomePage(c) : answerHome(c, account, now);
});

async function answerHome(
  c: Context<{ Bindings: Env }>,
  account: Account,
  now: number,
): Promise<Response> {
  const [apps, ways, usage] = await Promise.all([
    listConnectedApps(c.env.DB, account.id, now),
    waysIn(c.env.DB, account.id),
    readUsage(c.env, account.id),
  ]);
  return homePage(c, account, { apps, ways, usage });
}
