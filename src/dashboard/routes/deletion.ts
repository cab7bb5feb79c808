/** Deleting one's account: the question, the deed, and the good-bye. */

import { Hono } from "hono";
import { deleteAccount } from "../../accounts/deletion";
import { requireProof, requireSignIn } from "../../accounts/middleware";
import { endSession } from "../../accounts/sessions";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { logWarning } from "../../platform/log";
import { readUsage } from "../../storage/usage";
import { readForm } from "../../ui/form";
import { type DeletionProblem, goodbyePage, questionPage } from "../pages/deletion";

export const deletionRoutes = new Hono<{ Bindings: Env }>();

deletionRoutes.get("/settings/delete", requireSignIn, requireProof, (c) => ask(c));

deletionRoutes.post("/settings/delete", requireSignIn, requireProof, async (c) => {
  const { account } = c.var.session;
  const typed = (await readForm(c)).get("name") ?? "";
  if (typed.trim().toLowerCase() !== account.name) return ask(c, "wrong-name");
  if (!(await deleteAccount(c.env, account, Date.now()))) return ask(c, "last-administrator");
  // The session is gone already; a cookie that stays opens nothing.
  await endSession(c).catch((error) => logWarning("A cookie was left.", error));
  return c.redirect("/deleted", 303);
});

deletionRoutes.get("/deleted", (c) => goodbyePage(c));

async function ask(c: HonoContext, problem?: DeletionProblem): Promise<Response> {
  const { account } = c.var.session;
  return questionPage(c, account, await readUsage(c.env, account.id), problem);
}
