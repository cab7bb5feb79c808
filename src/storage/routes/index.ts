/** The storage endpoint: /storage/<user>/... */

import { Hono } from "hono";
import { countAncestors, type NodePath, parseNodePath } from "../../core/path";
import { type Outcome, ok, type Refusal, refused } from "../../core/refusals";
import { servesStorage } from "../../discovery/storage-hosts";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { appCors } from "../../http/cors";
import { isBehindCloudflare } from "../../http/hosts";
import { limitAnonymous, limitApp, limitFolders } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import type { AccessClaims } from "../../oauth/access-tokens";
import { recordRefusal } from "../../oauth/app-refusals";
import { recordUse } from "../../oauth/app-usage";
import { authenticate, authorizePath, isPublicRead, rememberRevoked } from "../authorization";
import { MISDIRECTED, methodNotAllowed, NO_STORAGE_ROOT, NOT_EXECUTABLE } from "../refusals";
import { servePublic } from "./public";
import { serveDocument, serveFolder } from "./read";
import { DOCUMENT_SECURITY_HEADERS } from "./security-headers";
import { serveWrite } from "./write";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

/** Routes of /storage. */
export const storageRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(METHODS, DOCUMENT_SECURITY_HEADERS))
  .all("*", async (c) => {
    const response = await serve(c);
    // Cloudflare would compress the body and weaken the ETag to W/"...", which no If-Match matches.
    if (isBehindCloudflare(c) && response.headers.has("etag")) {
      response.headers.append("Cache-Control", "no-transform");
    }
    const isTooMuch = c.req.method === "HEAD" && response.body !== null;
    return isTooMuch ? new Response(null, response) : response;
  });

async function serve(c: HonoContext): Promise<Response> {
  const now = Date.now();
  if (!(await servesStorage(c.env, c.req.url, userOfPath(c.req.url), now))) {
    return refusalResponse(MISDIRECTED);
  }
  const { method } = c.req;
  if (!METHODS.includes(method)) return refusalResponse(methodNotAllowed(method, METHODS));
  const target = parseTarget(c.req.url);
  if (!target.ok) return refusalResponse(target.refusal);
  if (isForExecution(c.req.raw)) return refusalResponse(NOT_EXECUTABLE);
  const { user, node } = target.value;
  const action = method === "GET" || method === "HEAD" ? "read" : "write";
  const claims = await authenticate(c.env, c.req.raw, now);
  const limited = claims
    ? (limitApp(c.env, claims, now) ??
      (action === "write" ? limitFolders(claims, countAncestors(node), now) : null))
    : limitAnonymous(c, now);
  if (limited) return refuse(c, claims, limited, now);
  const response = isPublicRead(action, node)
    ? await servePublic(c, user, node, claims, now)
    : await serveAuthorized(c, user, node, action, claims, now);
  if (response.ok) {
    if (claims) {
      recordUse(c.env, c.executionCtx, claims, transferredBytes(c.req.raw, response.value), now);
    }
    return response.value;
  }
  // From now on its app neither counts against the account's rate limit nor causes queries to D1.
  if (claims && response.refusal.code === "unauthorized") rememberRevoked(claims);
  return refuse(c, claims, response.refusal, now);
}

function refuse(
  c: HonoContext,
  claims: AccessClaims | null,
  refusal: Refusal,
  now: number,
): Response {
  if (claims) recordRefusal(c.env, c.executionCtx, claims, refusal, now);
  return refusalResponse(refusal);
}

/** The destinations that Fetch calls script-like. */
const SCRIPT_LIKE_PATTERN = /script|worker|worklet/;

/**
 * §14: whether the browser would run the document on this origin, which may be that of the pages. Apps
 * on other origins may load their own scripts from here.
 */
const isForExecution = ({ headers }: Request): boolean =>
  headers.get("service-worker") === "script" ||
  (headers.get("sec-fetch-site") === "same-origin" &&
    SCRIPT_LIKE_PATTERN.test(headers.get("sec-fetch-dest") ?? ""));

/** Of the bodies in both directions. */
const transferredBytes = ({ method, headers }: Request, response: Response): number =>
  Number(headers.get("content-length") ?? 0) +
  (method === "GET" ? Number(response.headers.get("content-length") ?? 0) : 0);

async function serveAuthorized(
  c: HonoContext,
  user: string,
  node: NodePath,
  action: "read" | "write",
  authenticated: AccessClaims | null,
  now: number,
): Promise<Outcome<Response>> {
  const claims = authorizePath(c.req.raw, authenticated, user, node, action);
  if (!claims.ok) return claims;
  if (action === "write") return serveWrite(c, claims.value, node, now);
  return node.kind === "folder"
    ? serveFolder(c, claims.value, node, now)
    : serveDocument(c, { kind: "token", claims: claims.value }, node, now);
}

const userOfPath = (url: string): string => new URL(url).pathname.split("/")[2] ?? "";

/** Parses <storage_root> "/" <path> from the URL as it was sent: names may contain encoded slashes. */
function parseTarget(url: string): Outcome<{ user: string; node: NodePath }> {
  const [, user, path] = /^\/storage\/([^/]*)(.*)$/.exec(new URL(url).pathname) ?? [];
  if (user === undefined || path === undefined || path === "") return refused(NO_STORAGE_ROOT);
  const node = parseNodePath(path);
  return node.ok ? ok({ user, node: node.value }) : node;
}
