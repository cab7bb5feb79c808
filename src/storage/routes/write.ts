/** PUT and DELETE: §4, §6. */

import { formatETag, parsePrecondition } from "../../core/etag";
import type { NodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import type { HonoContext } from "../../http/context";
import type { AccessClaims } from "../../oauth/access-tokens";
import { deleteDocument, putDocument } from "../documents";
import { parsePutContent } from "../put-content";
import { FOLDER_WRITE } from "../refusals";

/**
 * Stores or deletes a document. Refuses with `folder-write` (400) if the path is a folder's, with
 * `malformed` (400) or `unsupported-coding` (415), and as `putDocument` and `deleteDocument` do.
 */
export async function serveWrite(
  c: HonoContext,
  claims: AccessClaims,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  // §4: "PUT and DELETE requests only need to be made to documents, and never to folders."
  if (node.kind === "folder") return refused(FOLDER_WRITE);
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  if (c.req.method === "DELETE") {
    const deleted = await deleteDocument(c.env, claims, node, precondition.value, now);
    return deleted.ok ? ok(changeResponse(200, deleted.value.version)) : deleted;
  }
  const content = parsePutContent(c.req.raw, null);
  if (!content.ok) return content;
  const put = { node, precondition: precondition.value, ...content.value };
  const stored = await putDocument(c.env, claims, put, () => Date.now());
  if (!stored.ok) return stored;
  return ok(changeResponse(stored.value.created ? 201 : 200, stored.value.version));
}

const changeResponse = (status: number, version: string): Response =>
  new Response(null, {
    status,
    headers: { ETag: formatETag(version), "Cache-Control": "no-cache" },
  });
