/** Routes for deleting an account: /settings/delete and /deleted. */

import { Hono } from "hono";
import { deleteAccount } from "../../accounts/deletion";
import { requireReauthentication, requireSignIn } from "../../accounts/middleware";
import { endSession } from "../../accounts/sessions";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { logWarning } from "../../platform/log";
import { loadUsage } from "../../storage/usage";
import { readForm } from "../../ui/form";
import { accountDeletedPage, confirmDeletionPage, type DeletionProblem } from "../pages/deletion";

export const deletionRoutes = new Hono<{ Bindings: Env }>();

deletionRoutes.get("/settings/delete", requireSignIn, requireReauthentication, (c) =>
  confirmDeletion(c),
);

deletionRoutes.post("/settings/delete", requireSignIn, requireReauthentication, async (c) => {
  const { account } = c.var.session;
  const typed = (await readForm(c)).get("name") ?? "";
  if (typed.trim().toLowerCase() !== account.name) return confirmDeletion(c, "wrong-name");
  if (!(await deleteAccount(c.env, account, Date.now())))
    return confirmDeletion(c, "last-administrator");
  // The session is deleted already: a cookie that stays gives no access.
  await endSession(c).catch((error) =>
    logWarning("The session cookie of a deleted account was not removed.", error),
  );
  return c.redirect("/deleted", 303);
});

deletionRoutes.get("/deleted", (c) => accountDeletedPage(c));

async function confirmDeletion(c: HonoContext, problem?: DeletionProblem): Promise<Response> {
  const { account } = c.var.session;
  return confirmDeletionPage(c, account, await loadUsage(c.env, account.id), problem);
}
