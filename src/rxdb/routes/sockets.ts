/** The endpoints for RxDB: /rxdb/<user>/<module>, a WebSocket, and sessions for it. */

import { type Context, Hono } from "hono";
import * as v from "valibot";
import { type Outcome, type Refusal, refused, UNAVAILABLE } from "../../core/refusals";
import { accessLevel, isModuleName } from "../../core/scope";
import { sha256 } from "../../core/secrets";
import { announcedOrigins, servesStorage } from "../../discovery/storage-hosts";
import type { Env } from "../../env";
import { parseBearerToken } from "../../http/bearer";
import { appCors } from "../../http/cors";
import { rxdbEndpoint } from "../../http/hosts";
import { limitAnonymous, limitApp } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { findModuleAccount, moduleStub, openModule } from "../../modules/modules";
import { logError } from "../../platform/log";
import { withRetry } from "../../platform/retry";
import { authenticate, authorizeOwner, rememberRevoked } from "../../storage/authorization";
import { BAD_TOKEN, MISDIRECTED, OUT_OF_SCOPE } from "../../storage/refusals";
import { limitFormSize } from "../../ui/form";
import { HANDSHAKE_HEADER, type Handshake, type ModuleId } from "../handshake";
import { READ_ONLY, type SocketRefusal } from "../refusals";
import { sessionUrl } from "../sockets/custom-requests";
import { checkGrant } from "../sockets/grant-cache";
import { refusingSocket } from "../sockets/refusing-socket";

type RxdbContext = Context<{ Bindings: Env }>;

/** The body of a request for a session; `session` is the secret of an earlier one to resume. */
const SessionRequest = v.object({ session: v.optional(v.pipe(v.string(), v.maxLength(128))) });

/** The routes below /rxdb. */
export const rxdbRoutes = new Hono<{ Bindings: Env }>()
  .get("/:user/:module", openSocket)
  .use("/:user/:module/session", appCors(["POST"]))
  .post("/:user/:module/session", limitFormSize(refuseBody), openSession)
  .all("/:user/:module/session", (c) => refuseMethod(c, "POST, OPTIONS"))
  .all("/:user/:module", (c) => refuseMethod(c, "GET"))
  .all("*", () =>
    refusalResponse({ code: "not-found", message: "RxDB endpoints are /rxdb/<user>/<module>." }),
  );

function refuseBody(): Response {
  return refusalResponse({ code: "too-large", message: "The body is too large." });
}

const refuseMethod = (c: RxdbContext, allow: string): Response =>
  refusalResponse({
    code: "method-not-allowed",
    message: `Method ${c.req.method} is not allowed.`,
    allow,
  });

/**
 * GET /rxdb/<user>/<module>. Always opens a socket, since RxDB's client waits forever without one: a
 * refusal is the answer to each frame.
 */
async function openSocket(c: RxdbContext): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    const message = "This is a WebSocket endpoint. Send GET with Upgrade: websocket.";
    return refusalResponse({ code: "upgrade-required", message });
  }
  try {
    const handshake = await prepareHandshake(c, Date.now());
    return handshake.ok
      ? await forwardToObject(c, handshake.value)
      : refusingSocket(c, handshake.refusal);
  } catch (error) {
    logError(c.req.raw, error);
    return refusingSocket(c, UNAVAILABLE);
  }
}

async function forwardToObject(c: RxdbContext, handshake: Handshake): Promise<Response> {
  const { account, module } = handshake.owner;
  const headers = { Upgrade: "websocket", [HANDSHAKE_HEADER]: JSON.stringify(handshake) };
  const request = new Request(c.req.url.split("?")[0] as string, { headers });
  const response = await moduleStub(c.env, account, module).fetch(request);
  if (response.webSocket) return response;
  return refusingSocket(c, await response.json<SocketRefusal>());
}

/** Checks an access token in the URL. The secret of a session is checked by the module's object. */
async function prepareHandshake(c: RxdbContext, now: number): Promise<Outcome<Handshake>> {
  const query = new URL(c.req.url).searchParams;
  const secret = query.get("session");
  const path = await parsePath(c, now);
  if (!path.ok) return path;
  const { user, module } = path.value;
  const rest = { endpoint: await endpointOf(c, path.value, now), after: query.get("after") };
  if (secret === null) {
    const bearer = await authorizeBearer(c, user, module, now);
    if (!bearer.ok) return bearer;
    const { grant, expiresAt, token, ...owner } = bearer.value;
    const session = await sha256(token);
    return { ok: true, value: { owner, session, token: { grant, expiresAt }, ...rest } };
  }
  const limit = limitAnonymous(c, now);
  if (limit) return refused(limit);
  const account = await findModuleAccount(c.env, user, module);
  if (account === null) return refused(BAD_TOKEN);
  const owner = { account, user, module };
  return { ok: true, value: { owner, session: await sha256(secret), token: null, ...rest } };
}

/** POST /rxdb/<user>/<module>/session. Returns the URL of a socket, without the access token in it. */
async function openSession(c: RxdbContext): Promise<Response> {
  const now = Date.now();
  const path = await parsePath(c, now);
  if (!path.ok) return refusalResponse(path.refusal);
  const { user, module } = path.value;
  const bearer = await authorizeBearer(c, user, module, now);
  if (!bearer.ok) return refusalResponse(bearer.refusal);
  const request = await parseSessionRequest(c.req.raw);
  if (request === null) {
    const message = 'The body must be empty or {"session": "<an earlier session>"}.';
    return refusalResponse({ code: "malformed", message });
  }
  const { token: _, grant, expiresAt, ...id } = bearer.value;
  const object = moduleStub(c.env, id.account, module);
  const opened = await withRetry(
    async () => await object.openSession(id, { grant, expiresAt }, request.session ?? null),
  );
  if (!opened.ok) return refusalResponse(opened.refusal as Refusal);
  const { session, after } = opened.value;
  const url = sessionUrl(await endpointOf(c, path.value, now), session);
  return c.json({ url, session, expiresAt, after }, 201, { "Cache-Control": "no-store" });
}

/** Returns null if the body is malformed. */
async function parseSessionRequest(
  request: Request,
): Promise<v.InferOutput<typeof SessionRequest> | null> {
  const text = (await request.text()).trim();
  if (text === "") return {};
  try {
    const parsed = v.safeParse(SessionRequest, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Parses the path. Refuses with `misdirected` on a host without this storage, and with `not-found`. */
async function parsePath(
  c: RxdbContext,
  now: number,
): Promise<Outcome<{ user: string; module: string }>> {
  const { user = "", module = "" } = c.req.param() as Partial<Record<string, string>>;
  if (!(await servesStorage(c.env, c.req.url, user, now))) return refused(MISDIRECTED);
  const isValid = !module.includes(" ") && isModuleName(module);
  return isValid
    ? { ok: true, value: { user, module } }
    : refused({ code: "not-found", message: "This is not a valid module name." });
}

/** A request with an access token that covers a module. */
interface Bearer extends ModuleId {
  grant: string;
  expiresAt: number | null;
  token: string;
}

/**
 * Checks the access token of a request, and opens the module. Counts towards the rate limit of the app.
 * Refuses with `unauthorized`, `insufficient-scope`, `suspended`, `too-many-requests`, and with
 * `malformed` if the account has too many modules.
 */
async function authorizeBearer(
  c: RxdbContext,
  user: string,
  module: string,
  now: number,
): Promise<Outcome<Bearer>> {
  const { env, req } = c;
  const authenticated = await authenticate(env, req.raw, now);
  const limit = authenticated ? limitApp(env, authenticated, now) : limitAnonymous(c, now);
  if (limit) return refused(limit);
  const claims = authorizeOwner(req.raw, authenticated, user);
  if (!claims.ok) return claims;
  const { account, grant, expiresAt, scopes } = claims.value;
  const allowed = await checkGrant(env, claims.value, module, now);
  if (!allowed.ok) {
    if (allowed.refusal.code === "unauthorized") rememberRevoked(claims.value);
    return allowed;
  }
  // A socket acts with its grant, so a token that allows less opens none.
  const ofToken = accessLevel(scopes, module);
  if (ofToken !== "rw" && ofToken !== allowed.value) return refused(OUT_OF_SCOPE);
  // A token for `*:r` opens no module: it could open one under every name there is.
  const canOpen = allowed.value === "rw" || scopes.some((scope) => scope.module === module);
  if (!canOpen && (await findModuleAccount(env, user, module)) === null) return refused(READ_ONLY);
  // From now on the module is notified when a grant ends. It checks this one again itself.
  const opened = await openModule(env, account, module);
  if (opened === "full") {
    return refused({
      code: "malformed",
      message: "There are too many modules that have databases.",
    });
  }
  if (opened === "closed") return refused(BAD_TOKEN);
  const token = parseBearerToken(req.raw);
  if (!token.ok || token.value === null) return refused(BAD_TOKEN);
  return { ok: true, value: { account, user, module, grant, expiresAt, token: token.value } };
}

async function endpointOf(
  c: RxdbContext,
  { user, module }: { user: string; module: string },
  now: number,
): Promise<string> {
  const origins = await announcedOrigins(c.env, c.req.url, now);
  return rxdbEndpoint(origins, user).replace("{module}", module);
}
