/** The storage's door: /storage/<user>/... */

import { type Context, Hono } from "hono";
import { etagOf, parsePrecondition, weighIfRange, weighRead } from "../core/etag";
import { describeFolder, httpDate } from "../core/folder";
import { isPublic, type NodePath, parseNodePath } from "../core/path";
import { type ByteRange, parseRange } from "../core/range";
import { done, type Outcome, type Refusal, refused } from "../core/refusals";
import { FOLDER_TYPE } from "../core/spec";
import { type Env, settings } from "../env";
import { allowApps } from "../http/cors";
import { isOpenHere } from "../http/hosts";
import { refusalResponse } from "../http/refusals";
import type { AccessClaims } from "../oauth/tokens";
import { type Access, isOpenToAnyone, weighToken } from "./access";
import {
  type DocumentRow,
  deleteDocument,
  findDocument,
  openDocument,
  type Put,
  putDocument,
} from "./documents";
import { readFolder } from "./folders";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

/** Of a Content-Type. With the path it has to fit into an R2 object's metadata. */
const MAX_TYPE_LENGTH = 1024;

/** How often to look again if a document is replaced while it is being read. */
const MAX_LOOKS = 5;

export const storageRoutes = new Hono<{ Bindings: Env }>()
  .use(allowApps(METHODS))
  .use(async (c, next) => {
    await next();
    for (const [name, value] of SAFETY_HEADERS) c.res.headers.set(name, value);
  })
  .all("*", async (c) => {
    const response = await answer(c);
    // Cloudflare would compress the body and weaken the ETag to W/"...", which no If-Match matches.
    if (c.req.header("cf-ray") && response.headers.has("etag")) {
      response.headers.append("Cache-Control", "no-transform");
    }
    return c.req.method === "HEAD" ? new Response(null, response) : response;
  });

/**
 * §14: documents are strangers to this origin. Whatever a browser makes of one, it runs no script,
 * sends no form and has an origin of its own; but apps may show it, so it is open to all of them.
 */
const SAFETY_HEADERS: [string, string][] = [
  ["X-Content-Type-Options", "nosniff"],
  [
    "Content-Security-Policy",
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'",
  ],
  ["Cross-Origin-Resource-Policy", "cross-origin"],
  ["Referrer-Policy", "no-referrer"],
];

type StorageContext = Context<{ Bindings: Env }>;

async function answer(c: StorageContext): Promise<Response> {
  if (!isOpenHere("storage", c.req.url, settings(c.env))) return refusalResponse(MISDIRECTED);
  const { method } = c.req;
  if (!METHODS.includes(method)) {
    const message = `${method} is not a method of the storage.`;
    return refusalResponse({ code: "method-not-allowed", message, allow: METHODS.join(", ") });
  }
  const target = parseTarget(c.req.url);
  if (!target.ok) return refusalResponse(target.refusal);
  const { user, node } = target.value;
  const action = method === "GET" || method === "HEAD" ? "read" : "write";
  const now = Date.now();
  const response = isOpenToAnyone(action, node)
    ? await answerDocument(c, { by: "anyone", user }, node, now)
    : await answerWithToken(c, user, node, action, now);
  return response.ok ? response.value : refusalResponse(response.refusal);
}

async function answerWithToken(
  c: StorageContext,
  user: string,
  node: NodePath,
  action: "read" | "write",
  now: number,
): Promise<Outcome<Response>> {
  const claims = await weighToken(c.env, c.req.raw, user, node, action, now);
  if (!claims.ok) return claims;
  if (action === "write") return answerWrite(c, claims.value, node, now);
  return node.kind === "folder"
    ? answerFolder(c, claims.value, node, now)
    : answerDocument(c, { by: "token", claims: claims.value }, node, now);
}

/** <storage_root> "/" <path>, from the URL as it was sent: names may contain encoded slashes. */
function parseTarget(url: string): Outcome<{ user: string; node: NodePath }> {
  const [, user, path] = /^\/storage\/([^/]*)(.*)$/.exec(new URL(url).pathname) ?? [];
  if (user === undefined || path === undefined || path === "") {
    return refused({ code: "malformed", message: "The root folder is /storage/<user>/." });
  }
  const node = parseNodePath(path);
  return node.ok ? done({ user, node: node.value }) : node;
}

async function answerFolder(
  c: StorageContext,
  claims: AccessClaims,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  const folder = await readFolder(c.env, claims, node, precondition.value, now);
  if (!folder.ok) return folder;
  const { version, modified, items } = folder.value;
  const headers = versionHeaders(node, version, modified);
  const verdict = weighRead(precondition.value, version, modified);
  if (verdict === "failed") return refused(stale(version));
  if (verdict === "not-modified" || items === null) {
    return done(new Response(null, { status: 304, headers }));
  }
  const body = new TextEncoder().encode(describeFolder(items));
  headers.set("Content-Type", FOLDER_TYPE);
  headers.set("Content-Length", String(body.byteLength));
  return done(new Response(body, { headers }));
}

async function answerDocument(
  c: StorageContext,
  access: Access,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const found = await findDocument(c.env, access, node, now);
    if (!found.ok) return found;
    const row = found.value;
    const headers = versionHeaders(node, row.version, row.modified);
    headers.set("Accept-Ranges", "bytes");
    const verdict = weighRead(precondition.value, row.version, row.modified);
    if (verdict === "not-modified") return done(new Response(null, { status: 304, headers }));
    if (verdict === "failed") return refused(stale(row.version));
    headers.set("Content-Type", row.type);

    // RFC 9110 §14.2: Range is defined for GET alone.
    const range = c.req.method === "GET" ? wantedRange(c, row) : done(null);
    if (!range.ok) return range;
    headers.set("Content-Length", String(range.value?.length ?? row.length));
    if (c.req.method === "HEAD") return done(new Response(null, { headers }));
    const body = await openDocument(c.env, row, node, range.value);
    if (body === null) continue;
    if (range.value === null) return done(new Response(body, { headers }));
    headers.set("Content-Range", contentRange(range.value, row.length));
    return done(new Response(body, { status: 206, headers }));
  }
  throw new Error("The index names a body that is not there.");
}

async function answerWrite(
  c: StorageContext,
  claims: AccessClaims,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  // §4: "PUT and DELETE requests only need to be made to documents, and never to folders."
  if (node.kind === "folder") {
    return refused({ code: "folder-write", message: "Folders come and go with their documents." });
  }
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  if (c.req.method === "DELETE") {
    const deleted = await deleteDocument(c.env, claims, node, precondition.value, now);
    return deleted.ok ? done(writtenResponse(200, deleted.value.version)) : deleted;
  }
  const put = parsePut(c.req.raw);
  if (!put.ok) return put;
  const inBackground = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
  const command = { node, precondition: precondition.value, ...put.value };
  const stored = await putDocument(c.env, claims, command, inBackground, now);
  if (!stored.ok) return stored;
  return done(writtenResponse(stored.value.created ? 201 : 200, stored.value.version));
}

/** What a PUT brings. Refuses with `malformed` (400) what cannot be stored as it is meant. */
function parsePut(request: Request): Outcome<Pick<Put, "body" | "length" | "type">> {
  const { headers, body } = request;
  // RFC 9110 §14.5: a server that does not support partial PUT must not take a part for the whole.
  if (headers.has("content-range")) {
    return refused({ code: "malformed", message: "A document is always stored as a whole." });
  }
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") {
    const message = `The content coding ${coding} would be lost; send the document as it is.`;
    return refused({ code: "unsupported-coding", message });
  }
  const type = headers.get("content-type");
  // §4: "If no valid Content-Type header was received as part of a PUT request, the server MAY
  // refuse to process the request, and instead respond with a descriptive error message"
  if (type === null || type.trim() === "") {
    return refused({ code: "malformed", message: "The Content-Type header is missing." });
  }
  // What was no UTF-8 is lost already, and clients choke on a control character in a header.
  if (/[\p{Cc}\ufffd]/u.test(type.replaceAll("\t", ""))) {
    return refused({ code: "malformed", message: "The Content-Type has characters of no text." });
  }
  if (type.length > MAX_TYPE_LENGTH) {
    const message = `A Content-Type has at most ${MAX_TYPE_LENGTH} characters.`;
    return refused({ code: "malformed", message });
  }
  const length = headers.get("content-length");
  return done({ body, length: length === null ? null : Number(length), type });
}

function wantedRange(c: StorageContext, row: DocumentRow): Outcome<ByteRange | null> {
  const isWanted = weighIfRange(c.req.header("if-range") ?? null, row.version);
  return isWanted ? parseRange(c.req.header("range") ?? null, row.length) : done(null);
}

/** §6: what every successful GET and HEAD, and a 304, says of the node. */
function versionHeaders(node: NodePath, version: string, modified: number | null): Headers {
  const headers = new Headers({
    ETag: etagOf(version),
    // §6: "requests in the 'public' subtree which MUST return a 'Cache-Control: no-cache, public'"
    "Cache-Control": isPublic(node) ? "no-cache, public" : "no-cache",
  });
  if (modified !== null) headers.set("Last-Modified", httpDate(modified));
  return headers;
}

const writtenResponse = (status: number, version: string): Response =>
  new Response(null, { status, headers: { ETag: etagOf(version), "Cache-Control": "no-cache" } });

const contentRange = ({ offset, length }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`;

/** Not 404: a client would take that for a deletion, and delete its own copy. */
const MISDIRECTED: Refusal = {
  code: "misdirected",
  message: "The storage is on another host; WebFinger names it.",
};

const stale = (version: string): Refusal => ({
  code: "precondition-failed",
  message: "The current version is not the one that the request demands.",
  version,
});
