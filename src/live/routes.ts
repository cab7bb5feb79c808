/** The endpoint that tells apps at once what has changed: /live/<user>, a WebSocket: `docs/live.md`. */

import { Hono } from "hono";
import { parseUserName } from "../core/names";
import { type Outcome, ok, refused } from "../core/refusals";
import type { Scope } from "../core/scope";
import { servesStorage } from "../discovery/storage-hosts";
import type { Env } from "../env";
import type { HonoContext } from "../http/context";
import { appCors } from "../http/cors";
import { limitAnonymous, limitApp } from "../http/rate-limits";
import { refusalResponse } from "../http/refusals";
import { authenticate, authorizeOwner } from "../storage/authorization";
import { BAD_TOKEN, MISDIRECTED, methodNotAllowed } from "../storage/refusals";
import { LIVE_HANDSHAKE_HEADER, type Listener, type LiveHandshake } from "./handshake";
import { openLiveUrl } from "./open-session";

/** Routes of /live. */
export const liveRoutes = new Hono<{ Bindings: Env }>()
  .get("/:user", openSocket)
  .use("/:user/session", appCors(["POST"]))
  .post("/:user/session", openSession)
  .all("/:user/session", (c) =>
    refusalResponse(methodNotAllowed(c.req.method, ["POST", "OPTIONS"])),
  )
  .all("/:user", (c) => refusalResponse(methodNotAllowed(c.req.method, ["GET"])))
  .all("*", () =>
    refusalResponse({ code: "not-found", message: "Live endpoints are /live/<user>." }),
  );

/** GET /live/<user>, with a token, or in a browser with the secret of a session in the URL. */
async function openSocket(c: HonoContext): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    const message = "This is a WebSocket endpoint. Send GET with Upgrade: websocket.";
    return refusalResponse({ code: "upgrade-required", message });
  }
  const handshake = await prepareHandshake(c, Date.now());
  if (!handshake.ok) return refusalResponse(handshake.refusal);
  const headers = {
    Upgrade: "websocket",
    [LIVE_HANDSHAKE_HEADER]: JSON.stringify(handshake.value),
  };
  const request = new Request(c.req.url.split("?")[0] as string, { headers });
  return c.env.USERS.getByName(userOf(c)).fetch(request);
}

async function prepareHandshake(c: HonoContext, now: number): Promise<Outcome<LiveHandshake>> {
  const secret = new URL(c.req.url).searchParams.get("session");
  if (secret === null) {
    const authorized = await authorizeListener(c, now);
    return authorized.ok ? ok({ ...authorized.value, secret: null }) : authorized;
  }
  if (!(await servesStorage(c.env, c.req.url, userOf(c), now))) return refused(MISDIRECTED);
  const limit = limitAnonymous(c, now);
  if (limit) return refused(limit);
  if (parseUserName(userOf(c)) !== userOf(c)) return refused(BAD_TOKEN);
  return ok({ listener: null, scopes: null, secret });
}

/** POST /live/<user>/session. Returns a URL for one socket, without the access token in it. */
async function openSession(c: HonoContext): Promise<Response> {
  const now = Date.now();
  const authorized = await authorizeListener(c, now);
  if (!authorized.ok) return refusalResponse(authorized.refusal);
  const { listener, scopes } = authorized.value;
  const opened = await openLiveUrl(c, listener, scopes, now);
  if (!opened.ok) return refusalResponse(opened.refusal);
  return c.json(opened.value, 201, { "Cache-Control": "no-store" });
}

/**
 * Checks the access token of a request, and counts it. The object checks the grant. Refuses with
 * `unauthorized`, `insufficient-scope` (another user's), `too-many-requests`, `misdirected`.
 */
async function authorizeListener(
  c: HonoContext,
  now: number,
): Promise<Outcome<{ listener: Listener; scopes: Scope[] }>> {
  const { env, req } = c;
  if (!(await servesStorage(env, req.url, userOf(c), now))) return refused(MISDIRECTED);
  const authenticated = await authenticate(env, req.raw, now);
  const limit = authenticated ? limitApp(env, authenticated, now) : limitAnonymous(c, now);
  if (limit) return refused(limit);
  const claims = authorizeOwner(req.raw, authenticated, userOf(c));
  if (!claims.ok) return claims;
  const { account, user, grant, expiresAt, scopes } = claims.value;
  return ok({ listener: { account, user, grant, expiresAt }, scopes });
}

const userOf = (c: HonoContext): string => c.req.param("user") ?? "";
