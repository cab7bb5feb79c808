/**
 * Routes of the token, revocation and device authorization endpoints. They are RFC 6749 §3.2, RFC 7009
 * and RFC 8628 §3.1.
 */

import { Hono } from "hono";
import { sha256 } from "../../core/secrets";
import { DEVICE_GRANT_TYPE } from "../../core/spec";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { appCors } from "../../http/cors";
import { resolveOrigins } from "../../http/hosts";
import {
  clientAddressKey,
  isWithinRateLimit,
  limitAnonymousRequests,
  RATE_LIMIT_PERIOD_SECONDS,
} from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { limitFormSize, readForm } from "../../ui/form";
import { verifyAccessToken } from "../access-tokens";
import { loadRefreshToken } from "../db/refresh-tokens";
import { exchangeCode } from "../grant-types/authorization-codes";
import { exchangeDeviceCode, startDeviceAuthorization } from "../grant-types/devices";
import { exchangeRefreshToken, type LimitedRefresh } from "../grant-types/refresh-tokens";
import type { TokenError, TokenOutcome } from "../grant-types/token-response";
import { revokeGrant } from "../grants";
import { findDuplicate, nonEmptyParameters } from "../parameters";

export const tokenRoutes = new Hono<{ Bindings: Env }>();

for (const path of ["/token", "/revoke", "/device_authorization"]) {
  tokenRoutes.use(path, appCors(["POST"]), limitAnonymousRequests);
  tokenRoutes.use(
    path,
    limitFormSize((c) => c.json(invalidRequest("The request body is too large.").error, 413)),
  );
}

tokenRoutes.post("/token", async (c) => {
  const outcome = isForm(c)
    ? await exchange(c, nonEmptyParameters(await readForm(c)))
    : invalidRequest(NOT_A_FORM);
  return "limited" in outcome ? refusalResponse(outcome.limited) : respond(c, outcome);
});

/** RFC 8628 §3.1. */
tokenRoutes.post("/device_authorization", async (c) => {
  if (!isForm(c)) return respond(c, invalidRequest(NOT_A_FORM));
  // Each request inserts a row, and the client is anonymous.
  if (!(await isWithinRateLimit(c, c.env.SIGN_IN_LIMIT))) {
    return tooManyRequests(c, RATE_LIMIT_PERIOD_SECONDS);
  }
  const form = nonEmptyParameters(await readForm(c));
  const duplicate = findDuplicate(form);
  if (duplicate) return respond(c, invalidRequest(`Duplicate parameter: ${duplicate}.`));
  const request = {
    clientId: form.get("client_id"),
    scope: form.get("scope"),
    client: clientAddressKey(c),
  };
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  const outcome = await startDeviceAuthorization(c.env, pages, request, Date.now());
  return !outcome.ok && outcome.error.error === "slow_down"
    ? tooManyRequests(c, RATE_LIMIT_PERIOD_SECONDS)
    : respond(c, outcome);
});

/** RFC 6585 §4, with the error code of RFC 8628 §3.5. */
function tooManyRequests(c: HonoContext, seconds: number): Response {
  c.header("Retry-After", String(seconds));
  const error_description = `Too many requests. Try again in ${seconds} seconds.`;
  return c.json({ error: "slow_down", error_description }, 429);
}

function respond(
  c: HonoContext,
  outcome: { ok: true; response: object } | { ok: false; error: TokenError },
): Response {
  // RFC 6749 §5.1: "MUST include the HTTP "Cache-Control" response header field [...] "no-store""
  c.header("Cache-Control", "no-store");
  c.header("Pragma", "no-cache");
  return outcome.ok ? c.json(outcome.response) : c.json(outcome.error, 400);
}

async function exchange(
  c: HonoContext,
  form: URLSearchParams,
): Promise<TokenOutcome | LimitedRefresh> {
  const duplicate = findDuplicate(form);
  if (duplicate) return invalidRequest(`Duplicate parameter: ${duplicate}.`);
  const now = Date.now();
  switch (form.get("grant_type")) {
    case "authorization_code": {
      const [code, uri, verifier] = ["code", "redirect_uri", "code_verifier"].map((name) =>
        form.get(name),
      );
      if (!code || !uri || !verifier) {
        return invalidRequest("code, redirect_uri and code_verifier are required.");
      }
      return exchangeCode(c.env, code, uri, verifier, now);
    }
    case "refresh_token": {
      const token = form.get("refresh_token");
      if (!token) return invalidRequest("refresh_token is missing.");
      return exchangeRefreshToken(c.env, token, form.get("scope"), now);
    }
    case DEVICE_GRANT_TYPE: {
      const [code, clientId] = ["device_code", "client_id"].map((name) => form.get(name));
      if (!code || !clientId) return invalidRequest("device_code and client_id are required.");
      return exchangeDeviceCode(c.env, code, clientId, now);
    }
    case null:
      return invalidRequest("grant_type is missing.");
    default:
      return {
        ok: false,
        error: { error: "unsupported_grant_type", error_description: "Unsupported grant_type." },
      };
  }
}

/** RFC 7009: an app revokes an access or refresh token, and with it the whole grant. */
tokenRoutes.post("/revoke", async (c) => {
  const token = isForm(c) ? (await readForm(c)).get("token") : null;
  if (!token) return c.json(invalidRequest("token is missing.").error, 400);
  const now = Date.now();
  const claims = await verifyAccessToken(c.env, token, now);
  const refresh = claims ? null : await loadRefreshToken(c.env.DB, await sha256(token), now);
  if (claims) await revokeGrant(c.env, claims.account, claims.grant, "revoked", now);
  if (refresh) await revokeGrant(c.env, refresh.account, refresh.grantId, "revoked", now);
  // RFC 7009 §2.2: "invalid tokens do not cause an error response", and "the content of the response body is
  // ignored". It is JSON all the same, because simple-oauth2 takes an answer of another type for an error.
  return c.json({});
});

/** RFC 6749 §4.1.3: "using the "application/x-www-form-urlencoded" format". */
const isForm = (c: HonoContext): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(c.req.header("content-type") ?? "");

const NOT_A_FORM = "The request body must be application/x-www-form-urlencoded.";

const invalidRequest = (error_description: string): { ok: false; error: TokenError } => ({
  ok: false,
  error: { error: "invalid_request", error_description },
});
