/** The door at which a person types the code of a device: /device. */

import { type Context, Hono } from "hono";
import { askForProof, requireSignIn } from "../../accounts/middleware";
import { hasFullAccess } from "../../core/scope";
import { type Env, settings } from "../../env";
import { resolveOrigins, userAddress } from "../../http/hosts";
import { isWithinRateLimit, RATE_LIMIT_PERIOD_SECONDS } from "../../http/rate-limits";
import { readForm } from "../../ui/form";
import { messagesFor } from "../../ui/language";
import { parseConsent } from "../consent-answer";
import {
  allowDevice,
  denyDevice,
  findPendingDevice,
  formatUserCode,
  parseUserCode,
} from "../devices";
import { OAUTH_MESSAGES } from "../messages";
import { devicePage, deviceResultPage, userCodePage } from "../pages/device";

type DeviceContext = Context<{ Bindings: Env }>;

export const deviceRoutes = new Hono<{ Bindings: Env }>();

deviceRoutes.use("/device", requireSignIn);

deviceRoutes.get("/device", (c) => {
  const code = parseUserCode(c.req.query("user_code") ?? "");
  return userCodePage(c, c.var.session.account, code === null ? "" : formatUserCode(code));
});

/** The code alone is answered by the question, and the question by yes or no. */
deviceRoutes.post("/device", async (c) => {
  const { account } = c.var.session;
  const words = messagesFor(c, OAUTH_MESSAGES).device;
  const form = await readForm(c);
  const typed = form.get("user_code") ?? "";
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) {
    const sentence = words.tooMany(RATE_LIMIT_PERIOD_SECONDS);
    const headers = { "Retry-After": String(RATE_LIMIT_PERIOD_SECONDS) };
    return userCodePage(c, account, typed, { sentence, status: 429, headers });
  }
  const now = Date.now();
  const code = parseUserCode(typed);
  const device = await findPendingDevice(c.env, typed, now);
  const gone = () => userCodePage(c, account, typed, { sentence: words.unknown, status: 400 });
  if (device === null || code === null) return gone();
  const asked = hasFullAccess(device.scopes) ? askForProof(c, c.var.session) : null;
  if (asked) return asked;
  const decision = form.get("decision");
  const question = { person: account, address: addressHere(c), code };
  if (decision === null) return devicePage(c, question, device);
  if (decision !== "allow") {
    const isDenied = await denyDevice(c.env, account, device, now);
    return isDenied ? deviceResultPage(c, account, words.denied(device.name)) : gone();
  }
  const answer = parseConsent(device.scopes, form, now);
  if (!answer.ok) return devicePage(c, question, device, { form, problem: answer.problem });
  const isAllowed = await allowDevice(c.env, account, device, answer, now);
  return isAllowed ? deviceResultPage(c, account, words.allowed(device.name)) : gone();
});

const addressHere = (c: DeviceContext): string =>
  userAddress(resolveOrigins(c.req.url, settings(c.env)), c.var.session.account.name);
