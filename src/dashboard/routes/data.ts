/** Routes of the data page and the export: /data. */

import { Hono } from "hono";
import type { Account } from "../../accounts/accounts";
import { recordActivity } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { limitUser } from "../../http/rate-limits";
import { listDatabases } from "../../rxdb/databases";
import { loadUsage } from "../../storage/usage";
import {
  listArchiveParts,
  openServerArchive,
  parseArchiveQuery,
} from "../../transfer/server-archives";
import { errorPage, rateLimitedPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { loadPage } from "../../ui/paging";
import { DASHBOARD_MESSAGES } from "../messages";
import { dataPage } from "../pages/data";
import { exportPartsPage } from "../pages/export-parts";

export const dataRoutes = new Hono<{ Bindings: Env }>();

dataRoutes.get("/data", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const usage = await loadUsage(c.env, account.id);
  const load = async (after: string, limit: number) => {
    const start = usage.modules.findIndex(({ name }) => name === after) + 1;
    return usage.modules.slice(start, start + limit);
  };
  const modules = await loadPage(c, load, ({ name }) => name);
  const databases = modules.isFirst ? await listDatabases(c.env, account.id) : [];
  return dataPage(c, account, usage, modules, databases);
});

dataRoutes.get("/data/parts", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const owner = { account: account.id, user: account.name };
  return exportPartsPage(c, account, await listArchiveParts(c.env, owner));
});

dataRoutes.get("/data/export", requireSignIn, async (c) => {
  const now = Date.now();
  const { account } = c.var.session;
  const headers = {
    "Content-Type": "application/zip",
    "Content-Disposition": `attachment; filename="${archiveFilename(c, account, now)}"`,
  };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const tooManyRequests = rateLimitedPage(c, limitUser(account.id, now));
  if (tooManyRequests) return tooManyRequests;
  const part = parseArchiveQuery(new URL(c.req.url).searchParams);
  const owner = { account: account.id, user: account.name };
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const archive = await openServerArchive(c.env, owner, address, part, now);
  if (archive === null) {
    const messages = messagesFor(c, DASHBOARD_MESSAGES).data;
    return errorPage(c, 409, messages.partsChanged, {
      href: "/transfer/export",
      text: messages.backToExport,
    });
  }
  await recordActivity(c.env.DB, account.id, { kind: "export" }, now);
  return c.body(archive, 200, headers);
});

/** Contains the number of the part, if there is one, so that parts do not overwrite each other. */
function archiveFilename(c: HonoContext, { name }: Account, now: number): string {
  const day = new Date(now).toISOString().slice(0, 10);
  const [part] = /^\d{1,6}$/.exec(c.req.query("part") ?? "") ?? [];
  return `satchel-${name}-${day}${part === undefined ? "" : `-part-${part}`}.zip`;
}
