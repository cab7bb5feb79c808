/** The storage's door: /storage/<user>/... */

import { type Context, Hono } from "hono";
import { type NodePath, parseNodePath } from "../core/path";
import { done, type Outcome, type Refusal, refused } from "../core/refusals";
import { type Env, settings } from "../env";
import { allowApps } from "../http/cors";
import { isOpenHere } from "../http/hosts";
import { refusalResponse } from "../http/refusals";
import { isOpenToAnyone, weighToken } from "./access";
import { answerDocument, answerFolder } from "./read-routes";
import { answerWrite } from "./write-routes";

const METHODS = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];

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

/** Not 404: a client would take that for a deletion, and delete its own copy. */
const MISDIRECTED: Refusal = {
  code: "misdirected",
  message: "The storage is on another host; WebFinger names it.",
};
