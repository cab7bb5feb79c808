/** What somebody holds here, and the way to take it along. */

import { Hono } from "hono";
import { noteDeed } from "../accounts/activity";
import { requireSignIn } from "../accounts/gates";
import { type Env, settings } from "../env";
import { addressOf, originsOf } from "../http/hosts";
import { wordsOf } from "../http/language";
import { errorPage } from "../http/page";
import { exportDocuments, listParts } from "../storage/export";
import { readUsage } from "../storage/usage";
import { dataPage } from "./data-page";
import { WORDS } from "./words";

export const dataRoutes = new Hono<{ Bindings: Env }>();

dataRoutes.get("/data", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const usage = await readUsage(c.env, account.id);
  const parts = await listParts(c.env, account.id, usage.documents);
  return dataPage(c, account, usage, parts);
});

dataRoutes.get("/data/export", requireSignIn, async (c) => {
  const now = Date.now();
  const { account } = c.var.session;
  const part = { after: c.req.query("after") ?? null, until: c.req.query("until") ?? null };
  const address = addressOf(originsOf(c.req.url, settings(c.env)), account.name);
  const archive = await exportDocuments(c.env, { account: account.id, address, part }, now);
  if (archive === null) {
    const words = wordsOf(c, WORDS).data;
    return errorPage(c, 409, words.hasChanged, { href: "/data", text: words.toData });
  }
  await noteDeed(c.env.DB, account.id, { kind: "export" }, now);
  const day = new Date(now).toISOString().slice(0, 10);
  return c.body(archive, 200, {
    "Content-Type": "application/zip",
    "Content-Disposition": `attachment; filename="satchel-${account.name}-${day}.zip"`,
  });
});
