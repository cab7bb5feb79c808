/** PUT and DELETE: §4, §6. */

import { formatETag, parsePrecondition } from "../../core/etag";
import type { NodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import type { HonoContext } from "../../http/context";
import type { AccessClaims } from "../../oauth/access-tokens";
import { deleteDocument, type PutRequest, putDocument } from "../documents";
import {
  contentTypeTooLong,
  FOLDER_WRITE,
  INVALID_CONTENT_TYPE,
  NO_CONTENT_TYPE,
  PARTIAL_PUT,
  unsupportedCoding,
} from "../refusals";

/** In UTF-8: a Content-Type has to fit into the metadata of an R2 object, together with the path. */
const MAX_CONTENT_TYPE_BYTES = 1024;

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
  const content = parseContent(c.req.raw);
  if (!content.ok) return content;
  const put = { node, precondition: precondition.value, ...content.value };
  const stored = await putDocument(c.env, claims, put, () => Date.now());
  if (!stored.ok) return stored;
  return ok(changeResponse(stored.value.created ? 201 : 200, stored.value.version));
}

/** Parses the content of a PUT. Refuses what cannot be stored as it is meant. */
function parseContent(request: Request): Outcome<Pick<PutRequest, "body" | "length" | "type">> {
  const { headers, body } = request;
  if (headers.has("content-range")) return refused(PARTIAL_PUT);
  const coding = headers.get("content-encoding") ?? "identity";
  if (coding.toLowerCase() !== "identity") return refused(unsupportedCoding(coding));
  const type = headers.get("content-type");
  // §4: "If no valid Content-Type header was received as part of a PUT request, the server MAY
  // refuse to process the request, and instead respond with a descriptive error message"
  if (type === null || type.trim() === "") return refused(NO_CONTENT_TYPE);
  // Bytes that were not UTF-8 are lost already, and a control character in a header breaks clients.
  if (/[\p{Cc}\ufffd]/u.test(type.replaceAll("\t", ""))) return refused(INVALID_CONTENT_TYPE);
  if (new TextEncoder().encode(type).byteLength > MAX_CONTENT_TYPE_BYTES) {
    return refused(contentTypeTooLong(MAX_CONTENT_TYPE_BYTES));
  }
  const length = headers.get("content-length");
  return ok({ body, length: length === null ? null : Number(length), type });
}

const changeResponse = (status: number, version: string): Response =>
  new Response(null, {
    status,
    headers: { ETag: formatETag(version), "Cache-Control": "no-cache" },
  });
