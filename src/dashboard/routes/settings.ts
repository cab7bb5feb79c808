/** Routes of the settings page: /settings. */

import { Hono } from "hono";
import { loadProfile, setPublicProfile } from "../../accounts/accounts";
import { newActivityEntry } from "../../accounts/activity";
import { requireSignIn } from "../../accounts/middleware";
import { parsePublicProfile } from "../../accounts/public-profile";
import type { Env } from "../../env";
import { readForm } from "../../ui/form";
import { settingsPage } from "../pages/settings";

export const settingsRoutes = new Hono<{ Bindings: Env }>();

settingsRoutes.get("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  return settingsPage(c, account, await loadProfile(c.env.DB, account.id));
});

/** Sets the public profile. */
settingsRoutes.post("/settings", requireSignIn, async (c) => {
  const { account } = c.var.session;
  const form = await readForm(c);
  const typed = {
    displayName: form.get("displayName") ?? "",
    picture: form.get("picture") ?? "",
  };
  const parsed = parsePublicProfile(typed.displayName, typed.picture);
  if ("problem" in parsed) {
    const profile = await loadProfile(c.env.DB, account.id);
    return settingsPage(c, account, { ...profile, ...typed }, parsed.problem);
  }
  const entry = newActivityEntry({ kind: "profile-changed" }, Date.now());
  await setPublicProfile(c.env.DB, account.id, parsed.profile, entry);
  return c.redirect("/settings?after=profile", 303);
});
