/**
 * The endpoint for reading and writing databases as a whole: /databases/<user>, for archives and backups:
 * `docs/databases.md`. WebFinger names it.
 */

import { Hono } from "hono";
import { type Outcome, ok, type Refusal, refused } from "../../core/refusals";
import { accessLevel, isModuleName, type Scope } from "../../core/scope";
import { servesStorage } from "../../discovery/storage-hosts";
import type { Env } from "../../env";
import { appCors } from "../../http/cors";
import { limitAnonymous, limitApp, limitBytes, recordBytes } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { type ModuleRow, moduleStub, openModule, selectModules } from "../../modules/modules";
import type { AccessClaims } from "../../oauth/access-tokens";
import { recordUse } from "../../oauth/app-usage";
import { withRetry } from "../../platform/retry";
import {
  authenticate,
  authorizeOwner,
  queryForOwner,
  rememberRevoked,
} from "../../storage/authorization";
import { BAD_TOKEN, MISDIRECTED, methodNotAllowed, OUT_OF_SCOPE } from "../../storage/refusals";
import { type CallOutcome, READ_ONLY } from "../refusals";
import { byteLength } from "../sockets/frame-limits";
import { NO_COLLECTION } from "../whole-databases/database-transfer";
import type { TransferAnswer, TransferRequest } from "../whole-databases/requests";
import {
  type DatabaseContext,
  jsonResponse,
  type ModuleAnswer,
  moduleRoutes,
  respond,
} from "./module-routes";

/** Routes of /databases. */
export const databaseRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(["GET", "PUT", "POST"], [["X-Content-Type-Options", "nosniff"]]))
  .get("/:user", respond(listModules))
  .route("/", moduleRoutes("/:user/:module", callModule))
  .all("*", (c) =>
    refusalResponse(methodNotAllowed(c.req.method, ["GET", "PUT", "POST", "OPTIONS"])),
  );

async function listModules(c: DatabaseContext, now: number): Promise<CallOutcome<Response>> {
  const authorized = await authorize(c, now);
  if (!authorized.ok) return authorized;
  const { claims, modules } = authorized.value;
  const json = JSON.stringify({ modules });
  record(c, claims, byteLength(json), now);
  return ok(jsonResponse(json, 200));
}

/**
 * Checks that the token allows what the request needs, reads the request, and only then its body; counts what was
 * sent, and calls the object of the module.
 */
async function callModule(
  c: DatabaseContext,
  level: "r" | "rw",
  readRequest: () => Promise<CallOutcome<TransferRequest>>,
  now: number,
): Promise<CallOutcome<ModuleAnswer>> {
  const { env } = c;
  const module = c.req.param("module") ?? "";
  const authorized = await authorize(c, now);
  if (!authorized.ok) return authorized;
  const { claims, modules, levelOf } = authorized.value;
  const granted = levelOf(module);
  if (granted === null) return refused(OUT_OF_SCOPE);
  if (level === "rw" && granted === "r") return refused(READ_ONLY);
  const isOpen = modules.includes(module);
  // A request to any other object would create it.
  if (!isOpen && (level === "r" || !isModuleName(module))) return NO_COLLECTION;
  const request = await readRequest();
  if (!request.ok) return request;
  const limit = limitBytes(env, claims, sentBytes(request.value), now);
  if (limit) return refused(limit);
  const { account, user, grant } = claims;
  const opened = isOpen ? "open" : await openModule(env, account, module);
  if (opened === "full") return refused(TOO_MANY_MODULES);
  if (opened === "closed") return refused(BAD_TOKEN);
  const object = moduleStub(env, account, module);
  const id = { account, user, module };
  const answer = (await withRetry(
    async () => await object.transfer(id, grant, request.value),
  )) as CallOutcome<TransferAnswer>;
  if (!answer.ok) return answer;
  const recordSent = (bytes: number) => record(c, claims, bytes, now);
  return ok({ answer: answer.value, recordSent });
}

/** Bytes of the documents or the attachment that a request brings. */
function sentBytes(request: TransferRequest): number {
  if (request.kind === "upload") return request.length;
  return request.kind === "write" ? byteLength(request.documents.json) : 0;
}

const TOO_MANY_MODULES: Refusal = {
  code: "malformed",
  message: "There are too many modules that have databases.",
};

/** Who sends a request, and what it may do. */
interface Authorized {
  claims: AccessClaims;
  /** The modules with databases that it may read, by name. */
  modules: string[];
  /** What it may do in a module; null: nothing. */
  levelOf(module: string): Scope["level"] | null;
}

/** Checks the token of a request. Counts it towards the rate limit of the app. */
async function authorize(c: DatabaseContext, now: number): Promise<Outcome<Authorized>> {
  const { env, req } = c;
  const user = req.param("user") ?? "";
  if (!(await servesStorage(env, req.url, user, now))) return refused(MISDIRECTED);
  const authenticated = await authenticate(env, req.raw, now);
  const limit = authenticated ? limitApp(env, authenticated, now) : limitAnonymous(c, now);
  if (limit) return refused(limit);
  const claims = authorizeOwner(req.raw, authenticated, user);
  if (!claims.ok) return claims;
  const statement = selectModules(env.DB, claims.value.account);
  const found = await queryForOwner<ModuleRow>(env, claims.value, statement, now);
  if (!found.ok) {
    if (found.refusal.code === "unauthorized") rememberRevoked(claims.value);
    return found;
  }
  const { scopes: granted, rows } = found.value;
  // An app may have asked for a token that allows less than its grant.
  const levelOf = (module: string) => {
    const ofGrant = accessLevel(granted, module);
    const ofToken = accessLevel(claims.value.scopes, module);
    return ofGrant === "rw" ? ofToken : ofToken && ofGrant;
  };
  const modules = rows.map(({ module }) => module).filter((module) => levelOf(module) !== null);
  return ok({ claims: claims.value, modules, levelOf });
}

/** Counts what is sent to an app. */
function record(c: DatabaseContext, claims: AccessClaims, bytes: number, now: number): void {
  recordBytes(c.env, claims, bytes, now);
  recordUse(c.env, c.executionCtx, claims, bytes, now);
}
