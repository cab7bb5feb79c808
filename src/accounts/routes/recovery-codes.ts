/** Routes that create recovery codes: /security/recovery-codes. Behind `requireSignIn`. */

import { Hono } from "hono";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { loadSignInMethods } from "../accounts";
import { requireReauthentication } from "../middleware";
import { createRecoveryCodesPage, recoveryCodesPage } from "../pages/recovery-codes";
import { createRecoveryCodes } from "../recovery-codes";
import type { AccountRefusal } from "../refusals";

export const recoveryCodeRoutes = new Hono<{ Bindings: Env }>();

recoveryCodeRoutes.use("/security/recovery-codes", requireReauthentication);

recoveryCodeRoutes.get("/security/recovery-codes", (c) => renderCreatePage(c));

recoveryCodeRoutes.post("/security/recovery-codes", async (c) => {
  const outcome = await createRecoveryCodes(c.env.DB, c.var.session.account.id, Date.now());
  return outcome.ok ? recoveryCodesPage(c, outcome.codes) : renderCreatePage(c, outcome.refusal);
});

const renderCreatePage = async (c: HonoContext, refusal?: AccountRefusal) =>
  createRecoveryCodesPage(c, await loadSignInMethods(c.env.DB, c.var.session.account.id), refusal);
