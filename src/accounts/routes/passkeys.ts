/** Routes that add, rename and remove passkeys: /security/passkeys. Behind `requireSignIn`. */

import { Hono } from "hono";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { clientAddressKey, isWithinRateLimit } from "../../http/rate-limits";
import { notFoundPage } from "../../ui/error-pages";
import { readForm, readJson } from "../../ui/form";
import { newActivityEntry } from "../activity";
import {
  addPasskey,
  deletePasskey,
  loadPasskeys,
  type Passkey,
  renamePasskey,
} from "../db/passkeys";
import { parsePasskeyName } from "../form-input";
import { requireReauthentication } from "../middleware";
import { relyingParty } from "../pages/fields";
import { addPasskeyPage, removePasskeyPage, renamePasskeyPage } from "../pages/passkeys";
import { creationOptions, verifyRegistration } from "../passkeys";
import { optionsJson, refusalJson, TOO_MANY_ATTEMPTS } from "../refusal-responses";
import { deviceName } from "../user-agent";

/** Passkeys that an account may have. */
const MAX_PASSKEYS = 50;

export const passkeyRoutes = new Hono<{ Bindings: Env }>();

passkeyRoutes.use("/security/passkeys/*", requireReauthentication);

passkeyRoutes.get("/security/passkeys/add", (c) => addPasskeyPage(c));

/**
 * Called twice by /passkeys.js: for the options of the registration, then with the new credential.
 * Without the script, the Enter key can still send the form, which is then shown again.
 */
passkeyRoutes.post("/security/passkeys/add", async (c) => {
  if (!c.req.header("content-type")?.startsWith("application/json")) return addPasskeyPage(c);
  const { credential, name: rawName } = await readJson(c);
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) return refusalJson(c, TOO_MANY_ATTEMPTS);
  const now = Date.now();
  const { account } = c.var.session;
  const rp = relyingParty(c);
  if (credential === undefined) {
    const existing = await loadPasskeys(c.env.DB, account.id);
    if (existing.length >= MAX_PASSKEYS) return refusalJson(c, { code: "too-many-passkeys" });
    const request = { purpose: "add", account, client: clientAddressKey(c) } as const;
    return optionsJson(c, await creationOptions(c.env.DB, rp, request, existing, now));
  }
  const name = parsePasskeyName(rawName, deviceName(c.req.header("user-agent")) ?? "Passkey");
  const verified = await verifyRegistration(c.env.DB, rp, "add", credential, name, now);
  if (!verified.ok) return refusalJson(c, verified.refusal);
  const { token, passkey } = verified;
  if (token.account !== account.id) return refusalJson(c, { code: "late-passkey" });
  const entry = newActivityEntry({ kind: "passkey-added", name }, now);
  const isAdded = await addPasskey(c.env.DB, token, passkey, entry);
  return isAdded ? c.json({ next: "/security" }) : refusalJson(c, { code: "bad-passkey" });
});

passkeyRoutes.get("/security/passkeys/rename/:id", async (c) => {
  const passkey = await findPasskey(c);
  return passkey ? renamePasskeyPage(c, passkey) : notFoundPage(c);
});

passkeyRoutes.post("/security/passkeys/rename/:id", async (c) => {
  const passkey = await findPasskey(c);
  if (!passkey) return notFoundPage(c);
  const name = parsePasskeyName((await readForm(c)).get("name"), passkey.name);
  const entry = newActivityEntry({ kind: "passkey-renamed", name }, Date.now());
  await renamePasskey(c.env.DB, c.var.session.account.id, passkey.id, name, entry);
  return c.redirect("/security", 303);
});

passkeyRoutes.get("/security/passkeys/remove/:id", async (c) => {
  const passkey = await findPasskey(c);
  return passkey ? removePasskeyPage(c, passkey) : notFoundPage(c);
});

passkeyRoutes.post("/security/passkeys/remove/:id", async (c) => {
  const passkey = await findPasskey(c);
  // Removed already, perhaps by this very form, whose response was lost.
  if (!passkey) return c.redirect("/security", 303);
  const { account, hash } = c.var.session;
  const entry = newActivityEntry({ kind: "passkey-removed", name: passkey.name }, Date.now());
  const isRemoved = await deletePasskey(c.env.DB, account.id, passkey.id, hash, entry);
  return isRemoved
    ? c.redirect("/security", 303)
    : removePasskeyPage(c, passkey, { code: "last-sign-in-method" });
});

/** The passkey with the id in the path, if the user has it. */
const findPasskey = async (c: HonoContext): Promise<Passkey | undefined> =>
  (await loadPasskeys(c.env.DB, c.var.session.account.id)).find(
    ({ id }) => id === c.req.param("id"),
  );
