/** The storage endpoint: /storage/<user>/... */

import { Hono } from "hono";
import { type NodePath, parseNodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import { isAllowed } from "../../core/scope";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { appCors } from "../../http/cors";
import { isBehindCloudflare, isServedOn } from "../../http/hosts";
import { blockGuessing, limitAnonymous, limitApp, recordMiss } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import type { AccessClaims } from "../../oauth/access-tokens";
import { recordUse } from "../../oauth/app-usage";
import { authenticate, authorizePath, isPublicRead, rememberRevoked } from "../authorization";
import { MISDIRECTED, methodNotAllowed, NO_STORAGE_ROOT } from "../refusals";
import { serveDocument, serveFolder } from "./read";
import { serveWrite } from "./write";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

/** Routes of /storage. */
export const storageRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(METHODS))
  .use(async (c, next) => {
    await next();
    for (const [name, value] of SECURITY_HEADERS) c.res.headers.set(name, value);
  })
  .all("*", async (c) => {
    const response = await serve(c);
    // Cloudflare would compress the body and weaken the ETag to W/"...", which no If-Match matches.
    if (isBehindCloudflare(c) && response.headers.has("etag")) {
      response.headers.append("Cache-Control", "no-transform");
    }
    return c.req.method === "HEAD" ? new Response(null, response) : response;
  });

/**
 * §14: this origin must not trust the documents that it serves. Whatever a browser makes of one, it
 * runs no script, sends no form and has an origin of its own; but all apps may embed it.
 */
const SECURITY_HEADERS: [string, string][] = [
  ["X-Content-Type-Options", "nosniff"],
  [
    "Content-Security-Policy",
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'",
  ],
  ["Cross-Origin-Resource-Policy", "cross-origin"],
  ["Referrer-Policy", "no-referrer"],
];

async function serve(c: HonoContext): Promise<Response> {
  if (!isServedOn("storage", c.req.url, settings(c.env))) return refusalResponse(MISDIRECTED);
  const { method } = c.req;
  if (!METHODS.includes(method)) return refusalResponse(methodNotAllowed(method, METHODS));
  const target = parseTarget(c.req.url);
  if (!target.ok) return refusalResponse(target.refusal);
  const { user, node } = target.value;
  const action = method === "GET" || method === "HEAD" ? "read" : "write";
  const now = Date.now();
  const claims = await authenticate(c.env, c.req.raw, now);
  const limited = claims ? limitApp(c.env, claims, now) : limitAnonymous(c, now);
  if (limited) return refusalResponse(limited);
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
  return refusalResponse(response.refusal);
}

/** Of the bodies in both directions. */
const transferredBytes = ({ method, headers }: Request, response: Response): number =>
  Number(headers.get("content-length") ?? 0) +
  (method === "GET" ? Number(response.headers.get("content-length") ?? 0) : 0);

/**
 * Serves a document in /public/. §14: "The server SHOULD therefore make an effort to detect and stop
 * brute-force attacks that attempt to guess the location of such documents." A client that misses too
 * often is refused whether a document exists or not.
 */
async function servePublic(
  c: HonoContext,
  user: string,
  node: NodePath,
  claims: AccessClaims | null,
  now: number,
): Promise<Outcome<Response>> {
  const isOwn = claims?.user === user && isAllowed(claims.scopes, "read", node);
  const blocked = isOwn ? null : blockGuessing(c, now);
  if (blocked) return refused(blocked);
  const response = await serveDocument(c, { kind: "anonymous", user }, node, now);
  if (isOwn) return response;
  // Many requests may have been under way at once: beyond the limit none of them gets its response.
  const isMiss = !response.ok && response.refusal.code === "not-found";
  const blockedNow = isMiss ? recordMiss(c, Date.now()) : blockGuessing(c, Date.now());
  return blockedNow ? refused(blockedNow) : response;
}

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

/** Parses <storage_root> "/" <path> from the URL as it was sent: names may contain encoded slashes. */
function parseTarget(url: string): Outcome<{ user: string; node: NodePath }> {
  const [, user, path] = /^\/storage\/([^/]*)(.*)$/.exec(new URL(url).pathname) ?? [];
  if (user === undefined || path === undefined || path === "") return refused(NO_STORAGE_ROOT);
  const node = parseNodePath(path);
  return node.ok ? ok({ user, node: node.value }) : node;
}
