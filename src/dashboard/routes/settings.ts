/** Routes of the settings page: /settings. */

import { Hono } from "hono";
import { loadProfile, setPublicProfile } from "../../accounts/accounts";
import { newActivityEntry } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { parsePublicProfile } from "../../accounts/public-profile";
import type { Env } from "../../env";
import type { HandlerResponse, HonoContext } from "../../http/context";
import { withRetry } from "../../platform/retry";
import { loadUsage } from "../../storage/usage";
import { readForm } from "../../ui/form";
import { type RefusedProfile, settingsPage } from "../pages/settings";

export const settingsRoutes = new Hono<{ Bindings: Env }>();

settingsRoutes.get("/settings", requireSignIn, (c) => showSettings(c));

/** Sets the public profile. */
settingsRoutes.post("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const form = await readForm(c);
  const typed = {
    displayName: form.get("displayName") ?? "",
    picture: form.get("picture") ?? "",
  };
  const parsed = parsePublicProfile(typed.displayName, typed.picture);
  if ("problem" in parsed) return showSettings(c, { typed, problem: parsed.problem });
  const entry = newActivityEntry({ kind: "profile-changed" }, Date.now());
  await setPublicProfile(c.env.DB, account.id, parsed.profile, entry);
  return c.redirect("/settings?after=profile", 303);
});

async function showSettings(c: HonoContext, refused?: RefusedProfile): Promise<HandlerResponse> {
  const { account } = c.var.session;
  const user = c.env.USERS.getByName(account.name);
  const [profile, usage, size] = await Promise.all([
    loadProfile(c.env.DB, account.id),
    loadUsage(c.env, account.id),
    withRetry(() => user.historySize()),
  ]);
  const modules = usage.modules.map(({ name }) => name).sort();
  return settingsPage(c, account, profile, { size, modules }, refused);
}
