/** Routes for deleting a database of an RxDB app: /data/database. */

import { Hono } from "hono";
import { requireReauthentication, requireSignIn } from "../../accounts/middleware";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { type Database, deleteDatabase, findDatabase } from "../../rxdb/databases";
import { errorPage } from "../../ui/error-pages";
import { messagesFor } from "../../ui/language";
import { DASHBOARD_MESSAGES } from "../messages";
import { confirmDatabaseDeletionPage } from "../pages/databases";

export const databasesRoutes = new Hono<{ Bindings: Env }>();

// Deletion is permanent, so a session, which may be stolen, is not enough.
databasesRoutes.use("/data/database", requireSignIn, requireReauthentication);

databasesRoutes.get("/data/database", async (c) => {
  // A redirect to sign in or confirm, after the form was sent, loses the query.
  if (c.req.query("module") === undefined) return c.redirect("/data", 303);
  const { account } = c.var.session;
  const { module, database } = await findRequested(c);
  return database ? confirmDatabaseDeletionPage(c, account, module, database) : notFound(c);
});

databasesRoutes.post("/data/database", async (c) => {
  const { module, database } = await findRequested(c);
  if (database === null) return notFound(c);
  const { account } = c.var.session;
  await deleteDatabase(c.env, account.id, { module, name: database.name }, Date.now());
  return c.redirect("/data", 303);
});

/** The database that the query names, if the user has it. */
async function findRequested(
  c: HonoContext,
): Promise<{ module: string; database: Database | null }> {
  const module = c.req.query("module") ?? "";
  const name = c.req.query("name") ?? "";
  const database = await findDatabase(c.env, c.var.session.account.id, module, name);
  return { module, database };
}

function notFound(c: HonoContext): HandlerResponse {
  const { databases, data } = messagesFor(c, DASHBOARD_MESSAGES);
  return errorPage(c, 404, databases.notFound, { href: "/data", text: data.backToData });
}
