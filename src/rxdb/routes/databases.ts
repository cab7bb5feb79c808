/**
 * The endpoint for reading and writing databases as a whole: /databases/<user>, for archives and backups:
 * `docs/databases.md`. WebFinger names it.
 */

import { type Context, Hono } from "hono";
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
import { openObject, putStream } from "../bodies";
import { type CallOutcome, READ_ONLY } from "../refusals";
import { byteLength } from "../sockets/frame-limits";
import { NO_COLLECTION } from "../whole-databases/database-transfer";
import {
  parseAttachment,
  parseCollection,
  parseRead,
  parseWriteOptions,
} from "../whole-databases/parse-request";
import type { TransferAnswer, TransferRequest } from "../whole-databases/requests";

type DatabaseContext = Context<{ Bindings: Env }>;

/** Bytes of documents that one request writes, and of a schema. */
const MAX_DOCUMENTS_BYTES = 8 * 1024 * 1024;
const MAX_SCHEMA_BYTES = 300_000;

/** An attachment cannot be larger: it has to fit in one message of RxDB. */
const MAX_UPLOAD_BYTES = 32 * 1024 * 1024;

const BODY_TOO_LARGE: Refusal = { code: "too-large", message: "The body is too large." };

/** Routes of /databases. */
export const databaseRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(["GET", "PUT", "POST"], [["X-Content-Type-Options", "nosniff"]]))
  .get("/:user", respond(listModules))
  .get("/:user/:module", respond(listCollections))
  .get("/:user/:module/collection", respond(describeCollection))
  .put("/:user/:module/collection", respond(createCollection))
  .get("/:user/:module/documents", respond(readDocuments))
  .post("/:user/:module/documents", respond(writeDocuments))
  .get("/:user/:module/attachment", respond(readAttachment))
  .post("/:user/:module/uploads", respond(uploadAttachment))
  .all("*", (c) =>
    refusalResponse(methodNotAllowed(c.req.method, ["GET", "PUT", "POST", "OPTIONS"])),
  );

/** A handler whose refusals become responses. */
function respond(handle: (c: DatabaseContext, now: number) => Promise<CallOutcome<Response>>) {
  return async (c: DatabaseContext): Promise<Response> => {
    const response = await handle(c, Date.now());
    return response.ok ? response.value : refusalResponse(response.refusal as Refusal);
  };
}

async function listModules(c: DatabaseContext, now: number): Promise<CallOutcome<Response>> {
  const authorized = await authorize(c, now);
  if (!authorized.ok) return authorized;
  const { claims, modules } = authorized.value;
  return ok(respondJson(c, claims, JSON.stringify({ modules }), 200, now));
}

async function listCollections(c: DatabaseContext, now: number) {
  return answerJson(c, "r", async () => ok({ kind: "list" }), now);
}

async function describeCollection(c: DatabaseContext, now: number) {
  const of = parseCollection(queryOf(c));
  return of.ok ? answerJson(c, "r", async () => ok({ kind: "describe", of: of.value }), now) : of;
}

async function createCollection(c: DatabaseContext, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const read = async () => {
    const schema = await readText(c, MAX_SCHEMA_BYTES);
    return schema.ok ? ok({ kind: "create" as const, of: of.value, schema: schema.value }) : schema;
  };
  return answerJson(c, "rw", read, now);
}

async function readDocuments(c: DatabaseContext, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const request = parseRead(of.value, queryOf(c));
  return request.ok ? answerJson(c, "r", async () => request, now) : request;
}

async function writeDocuments(c: DatabaseContext, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const options = parseWriteOptions(queryOf(c));
  if (!options.ok) return options;
  const read = async () => {
    const json = await readText(c, MAX_DOCUMENTS_BYTES);
    if (!json.ok) return json;
    const documents = { ...options.value, json: json.value };
    return ok({ kind: "write" as const, of: of.value, documents });
  };
  return answerJson(c, options.value.isDryRun ? "r" : "rw", read, now);
}

async function readAttachment(c: DatabaseContext, now: number): Promise<CallOutcome<Response>> {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const request = parseAttachment(of.value, queryOf(c));
  if (!request.ok) return request;
  const called = await callModule(c, "r", async () => request, now);
  if (!called.ok) return called;
  const { claims, answer } = called.value;
  const headers = { "Content-Type": "application/octet-stream", "Cache-Control": "no-store" };
  const send = (body: Uint8Array | ReadableStream, bytes: number) => {
    record(c, claims, bytes, now);
    return ok(new Response(body, { headers: { ...headers, "Content-Length": String(bytes) } }));
  };
  if (answer.kind === "bytes") return send(answer.bytes, answer.bytes.byteLength);
  const object = answer.kind === "body" ? await openObject(c.env.BODIES, answer.r2Key) : null;
  return object === null ? NO_COLLECTION : send(object.body, object.size);
}

/** The bytes go to R2 directly, so that the object of the module does not have them in memory. */
async function uploadAttachment(c: DatabaseContext, now: number): Promise<CallOutcome<Response>> {
  const length = Number(c.req.header("content-length") ?? Number.NaN);
  const { body } = c.req.raw;
  if (body === null || !Number.isSafeInteger(length)) {
    return refused({ code: "malformed", message: "An upload must have a Content-Length." });
  }
  if (length > MAX_UPLOAD_BYTES) return refused(BODY_TOO_LARGE);
  const called = await callModule(c, "rw", async () => ok({ kind: "upload", length }), now);
  if (!called.ok) return called;
  const { claims, answer } = called.value;
  if (answer.kind !== "body") return NO_COLLECTION;
  const isWhole = await putStream(c.env.BODIES, answer.r2Key, body, length);
  return isWhole
    ? ok(respondJson(c, claims, answer.json, 201, now))
    : refused({ code: "malformed", message: "The body does not have its Content-Length." });
}

/** Calls the module's object, and responds with the JSON that it answers. */
async function answerJson(
  c: DatabaseContext,
  level: "r" | "rw",
  readRequest: () => Promise<CallOutcome<TransferRequest>>,
  now: number,
): Promise<CallOutcome<Response>> {
  const called = await callModule(c, level, readRequest, now);
  if (!called.ok) return called;
  const { claims, answer } = called.value;
  if (answer.kind !== "json") return NO_COLLECTION;
  return ok(respondJson(c, claims, answer.json, answer.isNew ? 201 : 200, now));
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
): Promise<CallOutcome<{ claims: AccessClaims; answer: TransferAnswer }>> {
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
  return answer.ok ? ok({ claims, answer: answer.value }) : answer;
}

/** Bytes of the documents or the attachment that a request brings. */
function sentBytes(request: TransferRequest): number {
  if (request.kind === "upload") return request.length;
  return request.kind === "write" ? byteLength(request.documents.json) : 0;
}

/** Reads a body as text. Refuses with `too-large` as soon as it is longer. */
async function readText(c: DatabaseContext, maxBytes: number): Promise<Outcome<string>> {
  const { body } = c.req.raw;
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return refused(BODY_TOO_LARGE);
    text += decoder.decode(chunk, { stream: true });
  }
  return ok(text + decoder.decode());
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

function respondJson(
  c: DatabaseContext,
  claims: AccessClaims,
  json: string,
  status: number,
  now: number,
): Response {
  record(c, claims, byteLength(json), now);
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  return new Response(json, { status, headers });
}

/** Counts what is sent to an app. */
function record(c: DatabaseContext, claims: AccessClaims, bytes: number, now: number): void {
  recordBytes(c.env, claims, bytes, now);
  recordUse(c.env, c.executionCtx, claims, bytes, now);
}

const queryOf = (c: DatabaseContext): URLSearchParams => new URL(c.req.url).searchParams;
