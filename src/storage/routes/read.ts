/** GET and HEAD: §4, §6, and RFC 9110 §14 on ranges. */

import type { Context } from "hono";
import { evaluateRead, formatETag, ifRangeMatches, parsePrecondition } from "../../core/etag";
import { formatFolderDescription, formatHttpDate } from "../../core/folder";
import { isPublic, type NodePath } from "../../core/path";
import { type ByteRange, parseRange } from "../../core/range";
import { type Outcome, ok, type Refusal, refused } from "../../core/refusals";
import { FOLDER_TYPE } from "../../core/spec";
import type { Env } from "../../env";
import type { AccessClaims } from "../../oauth/access-tokens";
import type { Access } from "../authorization";
import { type DocumentRow, findDocument, openDocument } from "../documents";
import { readFolder } from "../folders";

type StorageContext = Context<{ Bindings: Env }>;

/** How often to look again if a document is replaced while it is being read. */
const MAX_LOOKS = 5;

/** A folder's description, or 304. */
export async function answerFolder(
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
  const verdict = evaluateRead(precondition.value, version, modified);
  if (verdict === "failed") return refused(stale(version));
  if (verdict === "not-modified" || items === null) {
    return ok(new Response(null, { status: 304, headers }));
  }
  const body = new TextEncoder().encode(formatFolderDescription(items));
  headers.set("Content-Type", FOLDER_TYPE);
  headers.set("Content-Length", String(body.byteLength));
  return ok(new Response(body, { headers }));
}

/** A document, a range of it (206), or 304. A HEAD is answered without asking R2. */
export async function answerDocument(
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
    const verdict = evaluateRead(precondition.value, row.version, row.modified);
    if (verdict === "not-modified") return ok(new Response(null, { status: 304, headers }));
    if (verdict === "failed") return refused(stale(row.version));
    headers.set("Content-Type", row.type);

    // RFC 9110 §14.2: Range is defined for GET alone.
    const range = c.req.method === "GET" ? wantedRange(c, row) : ok(null);
    if (!range.ok) return range;
    headers.set("Content-Length", String(range.value?.length ?? row.length));
    if (c.req.method === "HEAD") return ok(new Response(null, { headers }));
    const body = await openDocument(c.env, row, node, range.value);
    if (body === null) continue;
    if (range.value === null) return ok(new Response(body, { headers }));
    headers.set("Content-Range", contentRange(range.value, row.length));
    return ok(new Response(body, { status: 206, headers }));
  }
  throw new Error("The index names a body that is not there.");
}

function wantedRange(c: StorageContext, row: DocumentRow): Outcome<ByteRange | null> {
  const isWanted = ifRangeMatches(c.req.header("if-range") ?? null, row.version);
  return isWanted ? parseRange(c.req.header("range") ?? null, row.length) : ok(null);
}

/** §6: what every successful GET and HEAD, and a 304, says of the node. */
function versionHeaders(node: NodePath, version: string, modified: number | null): Headers {
  const headers = new Headers({
    ETag: formatETag(version),
    // §6: "requests in the 'public' subtree which MUST return a 'Cache-Control: no-cache, public'"
    "Cache-Control": isPublic(node) ? "no-cache, public" : "no-cache",
  });
  if (modified !== null) headers.set("Last-Modified", formatHttpDate(modified));
  return headers;
}

const contentRange = ({ offset, length }: ByteRange, size: number): string =>
  `bytes ${offset}-${offset + length - 1}/${size}`;

const stale = (version: string): Refusal => ({
  code: "precondition-failed",
  message: "The current version is not the one that the request demands.",
  version,
});
