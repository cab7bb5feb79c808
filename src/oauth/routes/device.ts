/** Routes of the page where a user enters the code of a device: /device. */

import { Hono } from "hono";
import { reauthenticationRedirect, requireSignIn } from "../../accounts/middleware";
import { hasFullAccess } from "../../core/scope";
import { type Env, settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { isWithinRateLimit, RATE_LIMIT_PERIOD_SECONDS } from "../../http/rate-limits";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { parseConsent } from "../consent-form";
import {
  allowDevice,
  denyDevice,
  findPendingDevice,
  formatUserCode,
  parseUserCode,
} from "../grant-types/devices";
import { OAUTH_MESSAGES } from "../messages";
import { devicePage, deviceResultPage, userCodePage } from "../pages/device";
import { tooManyAppsPage } from "../pages/too-many-apps";

export const deviceRoutes = new Hono<{ Bindings: Env }>();

deviceRoutes.use("/device", requireSignIn);

deviceRoutes.get("/device", (c) => {
  const code = parseUserCode(c.req.query("user_code") ?? "");
  return userCodePage(c, c.var.session.account, code === null ? "" : formatUserCode(code));
});

/** Both pages post here: a code without a decision leads to the consent page. */
deviceRoutes.post("/device", async (c) => {
  const { account } = c.var.session;
  const messages = messagesFor(c, OAUTH_MESSAGES).device;
  const form = await readForm(c);
  const typed = form.get("user_code") ?? "";
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) {
    const sentence = messages.tooManyAttempts(RATE_LIMIT_PERIOD_SECONDS);
    const headers = { "Retry-After": String(RATE_LIMIT_PERIOD_SECONDS) };
    return userCodePage(c, account, typed, { sentence, status: 429, headers });
  }
  const now = Date.now();
  const code = parseUserCode(typed);
  const device = await findPendingDevice(c.env, typed, now);
  const refuseCode = () =>
    userCodePage(c, account, typed, { sentence: messages.invalidCode, status: 400 });
  if (device === null || code === null) return refuseCode();
  const page = `/device?user_code=${formatUserCode(code)}`;
  const reauthentication = hasFullAccess(device.scopes)
    ? reauthenticationRedirect(c, c.var.session, page)
    : null;
  if (reauthentication) return reauthentication;
  const decision = form.get("decision");
  const address = userAddress(resolveOrigins(c.req.url, settings(c.env)), account.name);
  const pageProps = { user: account, address, code };
  if (decision === null) return devicePage(c, pageProps, device);
  if (decision !== "allow") {
    const isDenied = await denyDevice(c.env, account, device, now);
    return isDenied ? deviceResultPage(c, account, messages.denied(device.name)) : refuseCode();
  }
  const consent = parseConsent(device.scopes, form, now);
  if (!consent.ok) return devicePage(c, pageProps, device, { form, problem: consent.problem });
  const outcome = await allowDevice(c.env, account, device, consent, now);
  if (outcome === "too-many") return tooManyAppsPage(c);
  return outcome === "done"
    ? deviceResultPage(c, account, messages.allowed(device.name))
    : refuseCode();
});
