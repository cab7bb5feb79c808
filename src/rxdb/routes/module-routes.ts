/** The routes that read and write the databases of one module as a whole, whoever may call them: docs/databases.md. */

import { type Context, Hono } from "hono";
import { joinBytes } from "../../../transfer/streams.js";
import { type Outcome, ok, type Refusal, refused } from "../../core/refusals";
import type { Env } from "../../env";
import { refusalResponse } from "../../http/refusals";
import { openObject, putStream } from "../bodies";
import type { CallOutcome } from "../refusals";
import { byteLength } from "../sockets/frame-limits";
import { NO_COLLECTION } from "../whole-databases/database-transfer";
import {
  parseAttachment,
  parseCollection,
  parseRead,
  parseWriteOptions,
} from "../whole-databases/parse-request";
import type { TransferAnswer, TransferRequest } from "../whole-databases/requests";

/** The context of a request to these routes. */
export type DatabaseContext = Context<{ Bindings: Env }>;

/** Bytes of documents that one request writes, and of a schema. */
const MAX_DOCUMENTS_BYTES = 8 * 1024 * 1024;
const MAX_SCHEMA_BYTES = 300_000;

/** An attachment cannot be larger: it has to fit in one message of RxDB. */
const MAX_UPLOAD_BYTES = 32 * 1024 * 1024;

const BODY_TOO_LARGE: Refusal = { code: "too-large", message: "The body is too large." };

const NOT_UTF_8: Refusal = { code: "malformed", message: "The body is not in UTF-8." };

/** The headers of every success: nobody may keep it, or show it as something else. */
const HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" };

/** What the object of the module has answered. */
export interface ModuleAnswer {
  answer: TransferAnswer;
  /** Counts bytes that are sent to the caller. */
  recordSent(bytes: number): void;
}

/**
 * Checks that the caller may do what the request needs, reads the request, and only then its body, and calls the
 * object of the module.
 */
export type CallModule = (
  c: DatabaseContext,
  level: "r" | "rw",
  readRequest: () => Promise<CallOutcome<TransferRequest>>,
  now: number,
) => Promise<CallOutcome<ModuleAnswer>>;

type Handle = (c: DatabaseContext, call: CallModule, now: number) => Promise<CallOutcome<Response>>;

/** The routes below the path of a module, such as "/:user/:module". */
export function moduleRoutes(path: string, call: CallModule): Hono<{ Bindings: Env }> {
  const withCall = (handle: Handle) => respond((c, now) => handle(c, call, now));
  return new Hono<{ Bindings: Env }>()
    .get(path, withCall(listCollections))
    .get(`${path}/collection`, withCall(describeCollection))
    .put(`${path}/collection`, withCall(createCollection))
    .get(`${path}/documents`, withCall(readDocuments))
    .post(`${path}/documents`, withCall(writeDocuments))
    .get(`${path}/attachment`, withCall(readAttachment))
    .post(`${path}/uploads`, withCall(uploadAttachment));
}

/** A handler whose refusals become responses. */
export function respond(
  handle: (c: DatabaseContext, now: number) => Promise<CallOutcome<Response>>,
) {
  return async (c: DatabaseContext): Promise<Response> => {
    const response = await handle(c, Date.now());
    return response.ok ? response.value : refusalResponse(response.refusal as Refusal);
  };
}

/** A response with JSON. */
export const jsonResponse = (json: string, status: number): Response =>
  new Response(json, { status, headers: { ...HEADERS, "Content-Type": "application/json" } });

async function listCollections(c: DatabaseContext, call: CallModule, now: number) {
  return answerJson(c, call, "r", async () => ok({ kind: "list" }), now);
}

async function describeCollection(c: DatabaseContext, call: CallModule, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  return answerJson(c, call, "r", async () => ok({ kind: "describe", of: of.value }), now);
}

async function createCollection(c: DatabaseContext, call: CallModule, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const read = async () => {
    const schema = await readText(c, MAX_SCHEMA_BYTES);
    return schema.ok ? ok({ kind: "create" as const, of: of.value, schema: schema.value }) : schema;
  };
  return answerJson(c, call, "rw", read, now);
}

async function readDocuments(c: DatabaseContext, call: CallModule, now: number) {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const request = parseRead(of.value, queryOf(c));
  return request.ok ? answerJson(c, call, "r", async () => request, now) : request;
}

async function writeDocuments(c: DatabaseContext, call: CallModule, now: number) {
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
  return answerJson(c, call, options.value.isDryRun ? "r" : "rw", read, now);
}

async function readAttachment(
  c: DatabaseContext,
  call: CallModule,
  now: number,
): Promise<CallOutcome<Response>> {
  const of = parseCollection(queryOf(c));
  if (!of.ok) return of;
  const request = parseAttachment(of.value, queryOf(c));
  if (!request.ok) return request;
  const called = await call(c, "r", async () => request, now);
  if (!called.ok) return called;
  const { answer, recordSent } = called.value;
  const send = (body: Uint8Array | ReadableStream, bytes: number) => {
    recordSent(bytes);
    const headers = { "Content-Type": "application/octet-stream", "Content-Length": String(bytes) };
    return ok(new Response(body, { headers: { ...HEADERS, ...headers } }));
  };
  if (answer.kind === "bytes") return send(answer.bytes, answer.bytes.byteLength);
  const object = answer.kind === "body" ? await openObject(c.env.BODIES, answer.r2Key) : null;
  return object === null ? NO_COLLECTION : send(object.body, object.size);
}

/** The bytes go to R2 directly, so that the object of the module does not have them in memory. */
async function uploadAttachment(
  c: DatabaseContext,
  call: CallModule,
  now: number,
): Promise<CallOutcome<Response>> {
  const length = Number(c.req.header("content-length") ?? Number.NaN);
  const { body } = c.req.raw;
  if (body === null || !Number.isSafeInteger(length)) {
    return refused({ code: "malformed", message: "An upload must have a Content-Length." });
  }
  if (length > MAX_UPLOAD_BYTES) return refused(BODY_TOO_LARGE);
  const called = await call(c, "rw", async () => ok({ kind: "upload", length }), now);
  if (!called.ok) return called;
  const { answer, recordSent } = called.value;
  if (answer.kind !== "body") return NO_COLLECTION;
  const isWhole = await putStream(c.env.BODIES, answer.r2Key, body, length);
  if (!isWhole) {
    return refused({ code: "malformed", message: "The body does not have its Content-Length." });
  }
  recordSent(byteLength(answer.json));
  return ok(jsonResponse(answer.json, 201));
}

/** Calls the module's object, and responds with the JSON that it answers. */
async function answerJson(
  c: DatabaseContext,
  call: CallModule,
  level: "r" | "rw",
  readRequest: () => Promise<CallOutcome<TransferRequest>>,
  now: number,
): Promise<CallOutcome<Response>> {
  const called = await call(c, level, readRequest, now);
  if (!called.ok) return called;
  const { answer, recordSent } = called.value;
  if (answer.kind !== "json") return NO_COLLECTION;
  recordSent(byteLength(answer.json));
  return ok(jsonResponse(answer.json, answer.isNew ? 201 : 200));
}

/** Reads a body as text. Refuses with `too-large` as soon as it is longer, with `malformed` what is not UTF-8. */
async function readText(c: DatabaseContext, maxBytes: number): Promise<Outcome<string>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    length += chunk.byteLength;
    if (length > maxBytes) return refused(BODY_TOO_LARGE);
    chunks.push(chunk);
  }
  try {
    return ok(
      new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(joinBytes(chunks)),
    );
  } catch {
    return refused(NOT_UTF_8);
  }
}

const queryOf = (c: DatabaseContext): URLSearchParams => new URL(c.req.url).searchParams;
