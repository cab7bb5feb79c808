/** PUT and DELETE: §4, §6. */

import type { Context } from "hono";
import { formatETag, parsePrecondition } from "../../core/etag";
import type { NodePath } from "../../core/path";
import { type Outcome, ok, refused } from "../../core/refusals";
import type { Env } from "../../env";
import type { AccessClaims } from "../../oauth/access-tokens";
import { deleteDocument, type Put, putDocument } from "../documents";

type StorageContext = Context<{ Bindings: Env }>;

/** Of a Content-Type. With the path it has to fit into an R2 object's metadata. */
const MAX_TYPE_LENGTH = 1024;

/** Stores or deletes a document. Refuses with `folder-write` if it is a folder. */
export async function answerWrite(
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
    return deleted.ok ? ok(writtenResponse(200, deleted.value.version)) : deleted;
  }
  const put = parsePut(c.req.raw);
  if (!put.ok) return put;
  const command = { node, precondition: precondition.value, ...put.value };
  const stored = await putDocument(c.env, claims, command, () => Date.now());
  if (!stored.ok) return stored;
  return ok(writtenResponse(stored.value.created ? 201 : 200, stored.value.version));
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
  return ok({ body, length: length === null ? null : Number(length), type });
}

const writtenResponse = (status: number, version: string): Response =>
  new Response(null, {
    status,
    headers: { ETag: formatETag(version), "Cache-Control": "no-cache" },
  });
