/** RxDB's door: /rxdb/<user>/<module>, a WebSocket, and a session for it. */

import { type Context, Hono } from "hono";
import * as v from "valibot";
import { type Outcome, type Refusal, refused, UNAVAILABLE } from "../core/refusals";
import { isModuleName } from "../core/scope";
import { sha256 } from "../core/secrets";
import { type Env, settings } from "../env";
import { readBearerToken } from "../http/bearer";
import { appCors } from "../http/cors";
import { isServedOn, resolveOrigins, rxdbEndpoint } from "../http/hosts";
import { limitAnonymous, limitApp } from "../http/rate-limits";
import { refusalResponse } from "../http/refusals";
import { findModuleAccount, moduleStub, openModule } from "../modules/modules";
import { logError } from "../platform/log";
import { withRetry } from "../platform/retry";
import { identify, noteGone, weighOwner } from "../storage/authorization";
import { BAD_TOKEN, MISDIRECTED } from "../storage/refusals";
import type { Owner } from "./module";
import { type Arrival, CALLER } from "./module-object";
import { READ_ONLY, type SocketRefusal } from "./refusals";
import { sessionUrl } from "./sockets/custom-requests";
import { weighGrant } from "./sockets/grant-cache";
import { refusingSocket } from "./sockets/refusing-socket";

type RxdbContext = Context<{ Bindings: Env }>;

/** What a client may send to go on with an earlier session. */
const SessionRequest = v.object({ session: v.optional(v.pipe(v.string(), v.maxLength(128))) });

/** More than the body of a request for a session can have. */
const MAX_REQUEST_BYTES = 1024;

export const rxdbRoutes = new Hono<{ Bindings: Env }>()
  .get("/:user/:module", answerSocket)
  .use("/:user/:module/session", appCors(["POST"]))
  .post("/:user/:module/session", answerSession)
  .all("/:user/:module/session", (c) => refuseMethod(c, "POST, OPTIONS"))
  .all("/:user/:module", (c) => refuseMethod(c, "GET"))
  .all("*", () =>
    refusalResponse({ code: "not-found", message: "An endpoint is /rxdb/<user>/<module>." }),
  );

const refuseMethod = (c: RxdbContext, allow: string): Response =>
  refusalResponse({
    code: "method-not-allowed",
    message: `${c.req.method} is not a method of this endpoint.`,
    allow,
  });

/**
 * A socket, always: RxDB's client waits for ever where it gets none. Who may not come in is told so
 * on it, in the answer to each frame.
 */
async function answerSocket(c: RxdbContext): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    const message = "This is the endpoint of a WebSocket: GET with Upgrade: websocket.";
    return refusalResponse({ code: "upgrade-required", message });
  }
  try {
    const arrival = await weighArrival(c, Date.now());
    return arrival.ok ? await enter(c, arrival.value) : refusingSocket(c, arrival.refusal);
  } catch (error) {
    logError(c.req.raw, error);
    return refusingSocket(c, UNAVAILABLE);
  }
}

async function enter(c: RxdbContext, arrival: Arrival): Promise<Response> {
  const { account, module } = arrival.owner;
  const headers = { Upgrade: "websocket", [CALLER]: JSON.stringify(arrival) };
  const request = new Request(c.req.url.split("?")[0] as string, { headers });
  const response = await moduleStub(c.env, account, module).fetch(request);
  if (response.webSocket) return response;
  return refusingSocket(c, await response.json<SocketRefusal>());
}

/** With an access token, or with the secret of a session, which its module's object knows. */
async function weighArrival(c: RxdbContext, now: number): Promise<Outcome<Arrival>> {
  const query = new URL(c.req.url).searchParams;
  const secret = query.get("session");
  const place = placeOf(c);
  if (!place.ok) return place;
  const { user, module } = place.value;
  const rest = { endpoint: endpointOf(c, user, module), after: query.get("after") };
  if (secret === null) {
    const owner = await weighBearer(c, user, module, now);
    if (!owner.ok) return owner;
    const { grant, expiresAt, token, ...own } = owner.value;
    const session = await sha256(token);
    return { ok: true, value: { owner: own, session, token: { grant, expiresAt }, ...rest } };
  }
  const limit = limitAnonymous(c, now);
  if (limit) return refused(limit);
  const account = await findModuleAccount(c.env, user, module);
  if (account === null) return refused(BAD_TOKEN);
  const owner = { account, user, module };
  return { ok: true, value: { owner, session: await sha256(secret), token: null, ...rest } };
}

/** POST /rxdb/<user>/<module>/session: a URL for a socket in which no access token stands. */
async function answerSession(c: RxdbContext): Promise<Response> {
  const now = Date.now();
  const place = placeOf(c);
  if (!place.ok) return refusalResponse(place.refusal);
  const { user, module } = place.value;
  const bearer = await weighBearer(c, user, module, now);
  if (!bearer.ok) return refusalResponse(bearer.refusal);
  const request = await readRequest(c.req.raw);
  if (request === null) {
    const message = 'The body has to be empty, or {"session": "<an earlier session>"}.';
    return refusalResponse({ code: "malformed", message });
  }
  const { token: _, grant, expiresAt, ...owner } = bearer.value;
  const object = moduleStub(c.env, owner.account, module);
  const opened = await withRetry(
    async () => await object.openSession(owner, { grant, expiresAt }, request.session ?? null),
  );
  if (!opened.ok) return refusalResponse(opened.refusal as Refusal);
  const { session, after } = opened.value;
  const url = sessionUrl(endpointOf(c, user, module), session);
  return c.json({ url, session, expiresAt, after }, 201, { "Cache-Control": "no-store" });
}

async function readRequest(request: Request): Promise<v.InferOutput<typeof SessionRequest> | null> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_REQUEST_BYTES) return null;
  const text = (await request.text()).trim();
  if (text === "") return {};
  try {
    const parsed = v.safeParse(SessionRequest, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** Which module of whom. Refuses with `misdirected`, and with `not-found` what is no module. */
function placeOf(c: RxdbContext): Outcome<{ user: string; module: string }> {
  if (!isServedOn("storage", c.req.url, settings(c.env))) return refused(MISDIRECTED);
  const { user = "", module = "" } = c.req.param() as Partial<Record<string, string>>;
  const isOne = !module.includes(" ") && isModuleName(module);
  return isOne
    ? { ok: true, value: { user, module } }
    : refused({ code: "not-found", message: "This is not the name of a module." });
}

/** Who shows an access token: the owner of the module, and what the token is. */
interface Bearer extends Owner {
  grant: string;
  expiresAt: number | null;
  token: string;
}

/** The owner of the module, if the access token reaches it. Counts for the limits of its app. */
async function weighBearer(
  c: RxdbContext,
  user: string,
  module: string,
  now: number,
): Promise<Outcome<Bearer>> {
  const { env, req } = c;
  const presented = await identify(env, req.raw, now);
  const limit = presented ? limitApp(env, presented, now) : limitAnonymous(c, now);
  if (limit) return refused(limit);
  const claims = weighOwner(req.raw, presented, user);
  if (!claims.ok) return claims;
  const { account, grant, expiresAt, scopes } = claims.value;
  const allowed = await weighGrant(env, claims.value, module, now);
  if (!allowed.ok) {
    if (allowed.refusal.code === "unauthorized") noteGone(claims.value);
    return allowed;
  }
  // A module is not opened by who may read everything: that would be all names there can be.
  const mayOpen = allowed.value === "rw" || scopes.some((scope) => scope.module === module);
  if (!mayOpen && (await findModuleAccount(env, user, module)) === null) return refused(READ_ONLY);
  // From now on the module is told when a grant ends; it weighs this one again.
  const opened = await openModule(env, account, module);
  if (opened === "full") {
    return refused({ code: "malformed", message: "There are too many modules with databases." });
  }
  if (opened === "closed") return refused(BAD_TOKEN);
  const token = readBearerToken(req.raw);
  if (!token.ok || token.value === null) return refused(BAD_TOKEN);
  return { ok: true, value: { account, user, module, grant, expiresAt, token: token.value } };
}

const endpointOf = (c: RxdbContext, user: string, module: string): string =>
  rxdbEndpoint(resolveOrigins(c.req.url, settings(c.env)), user).replace("{module}", module);
