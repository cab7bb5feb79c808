/** Deleting a database of an RxDB app: the question, and the deed. */

import { Hono } from "hono";
import { requireProof, requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { type Database, deleteDatabase, findDatabase } from "../../rxdb/databases";
import { messagesFor } from "../../ui/language";
import { errorPage } from "../../ui/layout";
import { DASHBOARD_MESSAGES } from "../messages";
import { deleteDatabasePage } from "../pages/databases";

export const databasesRoutes = new Hono<{ Bindings: Env }>();

// What is deleted here does not come back: a stolen session alone is not enough.
databasesRoutes.use("/data/database", requireSignIn, requireProof);

databasesRoutes.get("/data/database", async (c) => {
  // Who had to prove who they are after they sent the form has lost what it was about.
  if (c.req.query("module") === undefined) return c.redirect("/data", 303);
  const { account } = c.var.session;
  const { module, database } = await find(c);
  return database ? deleteDatabasePage(c, account, module, database) : isGone(c);
});

databasesRoutes.post("/data/database", async (c) => {
  const { module, database } = await find(c);
  if (database === null) return isGone(c);
  const { account } = c.var.session;
  await deleteDatabase(c.env, account.id, { module, name: database.name }, Date.now());
  return c.redirect("/data", 303);
});

/** The database that the address names, one of the person's own. */
async function find(c: HonoContext): Promise<{ module: string; database: Database | null }> {
  const module = c.req.query("module") ?? "";
  const name = c.req.query("name") ?? "";
  const database = await findDatabase(c.env, c.var.session.account.id, module, name);
  return { module, database };
}

function isGone(c: HonoContext): HandlerResponse {
  const { databases, data } = messagesFor(c, DASHBOARD_MESSAGES);
  return errorPage(c, 404, databases.gone, { href: "/data", text: data.toData });
}
