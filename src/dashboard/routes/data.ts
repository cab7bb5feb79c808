/** What somebody holds here, and the way to take it along. */

import { Hono } from "hono";
import type { Account } from "../../accounts/accounts";
import { noteDeed } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { limitUser } from "../../http/rate-limits";
import { listDatabases } from "../../rxdb/databases";
import { exportDocuments, listParts } from "../../storage/export";
import { readUsage } from "../../storage/usage";
import { messagesFor } from "../../ui/language";
import { errorPage, rateLimitedPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";
import { dataPage, partsPage } from "../pages/data";

export const dataRoutes = new Hono<{ Bindings: Env }>();

dataRoutes.get("/data", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const [usage, databases] = await Promise.all([
    readUsage(c.env, account.id),
    listDatabases(c.env, account.id),
  ]);
  return dataPage(c, account, usage, databases);
});

dataRoutes.get("/data/parts", requireSignIn, async (c) => {
  const { account } = c.var.session;
  return partsPage(c, account, await listParts(c.env, account.id));
});

dataRoutes.get("/data/export", requireSignIn, async (c) => {
  const now = Date.now();
  const { account } = c.var.session;
  const headers = {
    "Content-Type": "application/zip",
    "Content-Disposition": `attachment; filename="${archiveName(c, account, now)}"`,
  };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const tooOften = rateLimitedPage(c, limitUser(account.id, now));
  if (tooOften) return tooOften;
  const part = { after: c.req.query("after") ?? null, until: c.req.query("until") ?? null };
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const archive = await exportDocuments(c.env, { account: account.id, address, part }, now);
  if (archive === null) {
    const words = messagesFor(c, DASHBOARD_MESSAGES).data;
    return errorPage(c, 409, words.hasChanged, { href: "/data", text: words.toData });
  }
  await noteDeed(c.env.DB, account.id, { kind: "export" }, now);
  return c.body(archive, 200, headers);
});

/** With the number of the part, if it is one, so that parts do not replace each other. */
function archiveName(c: HonoContext, { name }: Account, now: number): string {
  const day = new Date(now).toISOString().slice(0, 10);
  const [part] = /^\d{1,6}$/.exec(c.req.query("part") ?? "") ?? [];
  return `satchel-${name}-${day}${part === undefined ? "" : `-part-${part}`}.zip`;
}
