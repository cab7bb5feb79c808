/** Routes of the security page and its sessions: /security. Sign-in methods have files of their own. */

import { Hono } from "hono";
import type { Env } from "../../env";
import { readForm } from "../../ui/form";
import { loadSignInMethods } from "../accounts";
import { newActivityEntry } from "../activity";
import { loadPasskeys } from "../db/passkeys";
import { deleteOtherSessions, deleteSessionOfAccount, loadBrowserSessions } from "../db/sessions";
import { requireSignIn } from "../middleware";
import { securityPage } from "../pages/security";
import { emailRoutes } from "./email";
import { passkeyRoutes } from "./passkeys";
import { passwordRoutes } from "./password";
import { recoveryCodeRoutes } from "./recovery-codes";

export const securityRoutes = new Hono<{ Bindings: Env }>();

securityRoutes.get("/change-password", (c) => c.redirect("/security/password"));

securityRoutes.use("/security", requireSignIn);
securityRoutes.use("/security/*", requireSignIn);

securityRoutes.get("/security", async (c) => {
  const { account } = c.var.session;
  const [methods, passkeys, sessions] = await Promise.all([
    loadSignInMethods(c.env.DB, account.id),
    loadPasskeys(c.env.DB, account.id),
    loadBrowserSessions(c.env.DB, account.id, Date.now()),
  ]);
  return securityPage(c, { methods, passkeys, sessions });
});

/** A user who had to sign in before the form was accepted is sent back here. */
securityRoutes.get("/security/sessions/end", (c) => c.redirect("/security", 303));

/** Needs no reauthentication: ending a suspicious session must not take longer than necessary. */
securityRoutes.post("/security/sessions/end", async (c) => {
  const requested = (await readForm(c)).get("session") ?? "";
  const { account, hash } = c.var.session;
  const now = Date.now();
  if (requested === "others") {
    const entry = newActivityEntry({ kind: "sign-out-everywhere" }, now);
    await deleteOtherSessions(c.env.DB, account.id, hash, entry);
  } else {
    const session = (await loadBrowserSessions(c.env.DB, account.id, now)).find(
      (session) => session.hash === requested,
    );
    if (session) {
      const entry = newActivityEntry({ kind: "session-ended", device: session.device }, now);
      await deleteSessionOfAccount(c.env.DB, account.id, session.hash, entry);
    }
  }
  return c.redirect("/security?after=ended", 303);
});

securityRoutes
  .route("/", passwordRoutes)
  .route("/", passkeyRoutes)
  .route("/", recoveryCodeRoutes)
  .route("/", emailRoutes);
