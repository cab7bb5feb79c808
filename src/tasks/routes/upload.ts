/** The route of uploads by the script of the pages: PUT /files/<path>. */

import { Hono } from "hono";
import { currentSession } from "../../accounts/sessions";
import { formatETag, parsePrecondition } from "../../core/etag";
import { countAncestors, parseNodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import type { Env } from "../../env";
import type { HonoContext } from "../../http/context";
import { limitOwnDocuments, limitOwnFolders } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { putDocument } from "../../storage/documents";
import { parsePutContent } from "../../storage/put-content";
import { FOLDER_WRITE } from "../../storage/refusals";
import { contentTypeByName } from "../content-types";
import { recordUpload } from "../record-upload";

export const uploadRoutes = new Hono<{ Bindings: Env }>();

/** Like a PUT of an app, but with the session instead of a token; refusals are JSON. */
uploadRoutes.put("/files/*", async (c) => {
  const response = await serveUpload(c);
  return response.ok ? response.value : refusalResponse(response.refusal);
});

const SIGNED_OUT = {
  code: "unauthorized",
  message: "The session has ended. Sign in again.",
} as const;

async function serveUpload(c: HonoContext): Promise<Outcome<Response>> {
  const now = Date.now();
  const session = await currentSession(c, now);
  if (session === null) return refused(SIGNED_OUT);
  c.set("session", session);
  const { account } = session;
  const node = parseNodePath(new URL(c.req.url).pathname.slice("/files".length));
  if (!node.ok) return node;
  if (node.value.kind === "folder") return refused(FOLDER_WRITE);
  const limited =
    limitOwnDocuments(c.env, account.id, now) ??
    limitOwnFolders(account.id, countAncestors(node.value), now);
  if (limited) return refused(limited);
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  const content = parsePutContent(c.req.raw, contentTypeByName(node.value.name));
  if (!content.ok) return content;
  const writer = { account: account.id, user: account.name, grant: null };
  const put = { node: node.value, precondition: precondition.value, ...content.value };
  const stored = await putDocument(c.env, writer, put, () => Date.now());
  if (!stored.ok) return stored;
  recordUpload(c, node.value, now);
  const headers = { ETag: formatETag(stored.value.version) };
  return ok(new Response(null, { status: stored.value.created ? 201 : 200, headers }));
}
