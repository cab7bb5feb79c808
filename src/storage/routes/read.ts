/** GET and HEAD: §4, §6, and RFC 9110 §14 on ranges. */

import {
  evaluateRead,
  formatETag,
  ifRangeMatches,
  type Precondition,
  parsePrecondition,
} from "../../core/etag";
import { formatFolderDescription, formatHttpDate } from "../../core/folder";
import { isPublic, type NodePath } from "../../core/path";
import { type ByteRange, formatContentRange, parseRange } from "../../core/range";
import { type Outcome, ok, refused } from "../../core/refusals";
import { FOLDER_CONTENT_TYPE, LINK_PROPERTIES } from "../../core/spec";
import { announcedOrigins } from "../../discovery/storage-hosts";
import type { HonoContext } from "../../http/context";
import { liveEndpoint } from "../../http/hosts";
import type { AccessClaims } from "../../oauth/access-tokens";
import type { Access } from "../authorization";
import { type DocumentRow, findDocument, openDocument } from "../documents";
import { EarlyBody } from "../early-body";
import { loadFolder, streamFolder } from "../folders";
import { findListed } from "../listed-versions";
import { preconditionFailed } from "../refusals";
import { retryWhileReplaced } from "../retry-replaced";

/** Serves a folder's description, or 304. Refuses with `precondition-failed`, and as `loadFolder` does. */
export async function serveFolder(
  c: HonoContext,
  claims: AccessClaims,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  const folder = await loadFolder(c.env, claims, node, precondition.value, now);
  if (!folder.ok) return folder;
  const { version, modified, items, hasMore } = folder.value;
  const headers = versionHeaders(node, version, modified);
  const decision = evaluateRead(precondition.value, version, modified);
  if (decision === "failed") return refused(preconditionFailed(version));
  if (decision === "not-modified" || items === null) {
    return ok(new Response(null, { status: 304, headers }));
  }
  headers.set("Content-Type", FOLDER_CONTENT_TYPE);
  // Not on a 304, which is most of what a client that polls is answered, and it has the listing.
  headers.set("Link", await liveLink(c, claims.user, now));
  if (hasMore) {
    const body = streamFolder(c.env, claims, node, items, () => Date.now());
    return ok(new Response(body, { headers }));
  }
  const body = new TextEncoder().encode(formatFolderDescription(items));
  headers.set("Content-Length", String(body.byteLength));
  return ok(new Response(body, { headers }));
}

/** RFC 8288 §3: tells clients that did not ask WebFinger where they are told of changes: `docs/live.md`. */
async function liveLink(c: HonoContext, user: string, now: number): Promise<string> {
  const origins = await announcedOrigins(c.env, c.req.url, now);
  return `<${liveEndpoint(origins, user)}>; rel="${LINK_PROPERTIES.live}"`;
}

/**
 * Serves a document, a range of it (206), or 304; a HEAD without asking R2. Refuses with
 * `precondition-failed`, `range-not-satisfiable`, and as `findDocument` does.
 */
export async function serveDocument(
  c: HonoContext,
  access: Access,
  node: NodePath,
  now: number,
): Promise<Outcome<Response>> {
  const precondition = parsePrecondition(c.req.raw.headers);
  if (!precondition.ok) return precondition;
  const early = c.req.method === "GET" ? askEarly(c, access, node, precondition.value, now) : null;
  try {
    return await findAndServe(c, access, node, precondition.value, early, now);
  } finally {
    if (early) c.executionCtx.waitUntil(early.discard());
  }
}

/** Asks for the body already, if the document was listed a moment ago and would be sent as it was then. */
function askEarly(
  c: HonoContext,
  access: Access,
  node: NodePath,
  precondition: Precondition,
  now: number,
): EarlyBody | null {
  if (access.kind === "anonymous") return null;
  const { account } = access.claims;
  const listed = findListed(account, node, now);
  if (listed === null) return null;
  const range = requestedRange(c, listed);
  const isSent = evaluateRead(precondition, listed.version, listed.modified) === "proceed";
  return isSent && range.ok ? new EarlyBody(c.env, account, node, listed, range.value) : null;
}

function findAndServe(
  c: HonoContext,
  access: Access,
  node: NodePath,
  precondition: Precondition,
  early: EarlyBody | null,
  now: number,
): Promise<Outcome<Response>> {
  return retryWhileReplaced<Outcome<Response>>(async () => {
    const found = await findDocument(c.env, access, node, now);
    if (!found.ok) return found;
    const row = found.value;
    const headers = versionHeaders(node, row.version, row.modified);
    headers.set("Accept-Ranges", "bytes");
    const decision = evaluateRead(precondition, row.version, row.modified);
    if (decision === "not-modified") return ok(new Response(null, { status: 304, headers }));
    if (decision === "failed") return refused(preconditionFailed(row.version));
    headers.set("Content-Type", row.type);

    // RFC 9110 §14.2: Range is defined for GET alone.
    const range = c.req.method === "GET" ? requestedRange(c, row) : ok(null);
    if (!range.ok) return range;
    headers.set("Content-Length", String(range.value?.length ?? row.length));
    if (c.req.method === "HEAD") return ok(new Response(null, { headers }));
    const body = await (early?.take(row.version) ?? openDocument(c.env, row, node, range.value));
    if (body === null) return undefined;
    if (range.value === null) return ok(new Response(body, { headers }));
    headers.set("Content-Range", formatContentRange(range.value, row.length));
    return ok(new Response(body, { status: 206, headers }));
  });
}

function requestedRange(
  c: HonoContext,
  row: Pick<DocumentRow, "version" | "length">,
): Outcome<ByteRange | null> {
  const applies = ifRangeMatches(c.req.header("if-range") ?? null, row.version);
  return applies ? parseRange(c.req.header("range") ?? null, row.length) : ok(null);
}

/** §6: the headers of every successful GET and HEAD, and of a 304. */
function versionHeaders(node: NodePath, version: string, modified: number | null): Headers {
  const headers = new Headers({
    ETag: formatETag(version),
    // §6: "requests in the 'public' subtree which MUST return a 'Cache-Control: no-cache, public'"
    "Cache-Control": isPublic(node) ? "no-cache, public" : "no-cache",
  });
  if (modified !== null) headers.set("Last-Modified", formatHttpDate(modified));
  return headers;
}
