/** The storage's door: /storage/<user>/... */

import { type Context, Hono } from "hono";
import { type NodePath, parseNodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import { isAllowed } from "../../core/scope";
import { type Env, settings } from "../../env";
import { appCors } from "../../http/cors";
import { isBehindCloudflare, isServedOn } from "../../http/hosts";
import { blockGuessing, limitAnonymous, limitApp, recordMiss } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import type { AccessClaims } from "../../oauth/access-tokens";
import { recordUse } from "../../oauth/app-usage";
import { identify, isOpenToAnyone, noteGone, weighToken } from "../authorization";
import { MISDIRECTED } from "../refusals";
import { answerDocument, answerFolder } from "./read";
import { answerWrite } from "./write";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

export const storageRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(METHODS))
  .use(async (c, next) => {
    await next();
    for (const [name, value] of SAFETY_HEADERS) c.res.headers.set(name, value);
  })
  .all("*", async (c) => {
    const response = await answer(c);
    // Cloudflare would compress the body and weaken the ETag to W/"...", which no If-Match matches.
    if (isBehindCloudflare(c) && response.headers.has("etag")) {
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
  if (!isServedOn("storage", c.req.url, settings(c.env))) return refusalResponse(MISDIRECTED);
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
  const claims = await identify(c.env, c.req.raw, now);
  const limit = claims ? limitApp(c.env, claims, now) : limitAnonymous(c, now);
  if (limit) return refusalResponse(limit);
  const response = isOpenToAnyone(action, node)
    ? await answerAnyone(c, user, node, claims, now)
    : await answerApp(c, user, node, action, claims, now);
  if (response.ok) {
    if (claims) recordUse(c.env, c.executionCtx, claims, bytesOf(c.req.raw, response.value), now);
    return response.value;
  }
  // Its app takes no turns from that account any more, nor any look at D1.
  if (claims && response.refusal.code === "unauthorized") noteGone(claims);
  return refusalResponse(response.refusal);
}

/** Of the bodies that went to and fro. */
const bytesOf = ({ method, headers }: Request, response: Response): number =>
  Number(headers.get("content-length") ?? 0) +
  (method === "GET" ? Number(response.headers.get("content-length") ?? 0) : 0);

/**
 * §14: "The server SHOULD therefore make an effort to detect and stop brute-force attacks that
 * attempt to guess the location of such documents." Who misses too often is not told any more what
 * is there either.
 */
async function answerAnyone(
  c: StorageContext,
  user: string,
  node: NodePath,
  claims: AccessClaims | null,
  now: number,
): Promise<Outcome<Response>> {
  const isOwn = claims?.user === user && isAllowed(claims.scopes, "read", node);
  const bar = isOwn ? null : blockGuessing(c, now);
  if (bar) return refused(bar);
  const response = await answerDocument(c, { by: "anyone", user }, node, now);
  if (isOwn) return response;
  // Many may have been on the way at once: who is over the limit by now is told nothing either.
  const isMiss = !response.ok && response.refusal.code === "not-found";
  const late = isMiss ? recordMiss(c, Date.now()) : blockGuessing(c, Date.now());
  return late ? refused(late) : response;
}

async function answerApp(
  c: StorageContext,
  user: string,
  node: NodePath,
  action: "read" | "write",
  presented: AccessClaims | null,
  now: number,
): Promise<Outcome<Response>> {
  const claims = weighToken(c.req.raw, presented, user, node, action);
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
  return node.ok ? ok({ user, node: node.value }) : node;
}
