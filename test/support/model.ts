/**
 * A model of one account's storage in memory, by §4 to §6 and RFC 9110: which responses a request may
 * get, and the state after each. Knows nothing of the server but how it counts the index.
 */

import { indexBytesOf } from "./index-bytes";

/** A request, with everything that its response depends on. */
export interface ModelRequest {
  access: Access;
  method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Decoded; a folder's ends with "/". */
  path: string;
  match: VersionList | null;
  noneMatch: VersionList | null;
  range: Range | null;
  ifRange: ListedVersion | null;
  /** The content of a PUT. */
  put: { type: string; bytes: Buffer };
}

/** The scope of a token: §9. `other-account`: of another user's token; `none`: there is no token. */
export type Access = "*:rw" | "notes:rw" | "notes:r" | "other-account" | "none";

/** A version in a header. */
export interface ListedVersion {
  version: string;
  isWeak: boolean;
}
export type VersionList = "*" | ListedVersion[];

/** A Range header: bytes=first-last, bytes=first-, bytes=-suffix, or one that is to be ignored. */
export type Range = { first: number; last?: number } | { suffix: number } | { ignored: string };

/** A response. */
export interface ModelResponse {
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** A response that the model does not allow. */
export class Violation extends Error {}

/** The type and the content of a document. */
export interface ModelDocument {
  type: string;
  bytes: Buffer;
}

/** A state that the storage may be in. Immutable: `checkResponse` returns the next one. */
export interface ModelState {
  quotaBytes: number;
  documents: ReadonlyMap<string, ModelDocument>;
  /** How often a node was changed, by its path. */
  changes: ReadonlyMap<string, number>;
  /** Every version of a node that was observed, by its path. */
  observations: ReadonlyMap<string, readonly Observation[]>;
}

/** A version of a node that was observed. */
interface Observation {
  version: string;
  /** The state of the node then: see `nodeState`. */
  state: string;
  /** How often the node had been changed. */
  change: number;
  modified: string | null;
}

/** The state of an account in which nothing was ever stored. */
export const emptyState = (quotaBytes: number): ModelState => ({
  quotaBytes,
  documents: new Map(),
  changes: new Map(),
  observations: new Map(),
});

/** The folders above a node, the root first. */
export function ancestorFolders(path: string): string[] {
  const names = path.split("/").slice(0, path.endsWith("/") ? -2 : -1);
  return names.map((_, index) => `${names.slice(0, index + 1).join("/")}/`);
}

/** §4: folders show up "if and only if their subtree contains at least one document". */
export function existingFolders(state: ModelState): string[] {
  return [...new Set(["/", ...[...state.documents.keys()].flatMap(ancestorFolders)])];
}

/** The current version of a node, if it was observed. */
export const currentVersion = (state: ModelState, path: string): string | undefined =>
  state.observations.get(path)?.findLast((seen) => seen.state === nodeState(state, path))?.version;

/** A version of a node that was observed before it changed. */
export const earlierVersion = (state: ModelState, path: string): string | undefined =>
  state.observations.get(path)?.findLast(({ change }) => change !== changeCount(state, path))
    ?.version;

/** Equal for equal states. */
export const fingerprint = ({ documents, changes, observations }: ModelState): string =>
  JSON.stringify([
    [...documents].map(([path, { type, bytes }]) => [path, type, bytes.toString("base64")]).sort(),
    [...changes].sort(),
    [...observations].sort(),
  ]);

/** The state after a request that got this response. Throws a Violation if it must not get it. */
export function checkResponse(
  state: ModelState,
  request: ModelRequest,
  response: ModelResponse,
): ModelState {
  const { method, path } = request;
  const { status } = response;
  const version = currentVersion(state, path) ?? etagVersion(response);
  const allowed = allowedStatuses(state, request, version);
  check(allowed.includes(status), `expected ${allowed.join(" or ")}, got ${status}`);
  if (method === "HEAD" || status === 304) {
    check(response.bytes.length === 0, "a body where there must be none");
  }
  if (status === 412 && etagVersion(response) === undefined) return state;
  if (status === 416) return checkUnsatisfiable(state, request, response);
  if (![200, 201, 206, 304, 412].includes(status)) return state;
  if (status < 300 && method === "PUT") {
    return observe(applyPut(state, request), path, etagVersion(response));
  }
  const lastModified = response.headers["last-modified"];
  const observed = observe(state, path, etagVersion(response), lastModified);
  if (status === 412) return observed;
  // §6: "in case of DELETE, the version that was deleted"
  if (method === "DELETE") return applyDelete(observed, request);
  checkReadHeaders(request, response);
  if (status === 304) return observed;
  return isFolder(path)
    ? checkListing(observed, request, response)
    : checkContent(observed, request, response);
}

/** The state after a change whose response was lost; the same state if the change was refused. */
export function applyUnanswered(state: ModelState, request: ModelRequest): ModelState {
  const { method, path } = request;
  const [status = 0] = allowedStatuses(state, request, currentVersion(state, path));
  if (status >= 300 || method === "GET" || method === "HEAD") return state;
  return method === "PUT" ? applyPut(state, request) : applyDelete(state, request);
}

// Statuses: §5.

function allowedStatuses(
  state: ModelState,
  request: ModelRequest,
  version: string | undefined,
): number[] {
  const { method, path } = request;
  if (!isAuthorized(request)) return [request.access === "none" ? 401 : 403];
  const isRead = method === "GET" || method === "HEAD";
  // §5: "4xx for all [...] PUT and DELETE requests to folders"
  if (isFolder(path)) return [isRead ? preconditionStatus(request, true, version) : 400];
  const document = state.documents.get(path);
  if (method === "PUT") return putStatuses(state, request, version);
  // §6: "DELETE request [...] with an 'If-Match' header [...] MUST fail with a 412"
  if (!document) return [method === "DELETE" && request.match ? 412 : 404];
  const status = preconditionStatus(request, true, version);
  return status === 200 && method === "GET"
    ? rangeStatuses(request, version, document.bytes.length)
    : [status];
}

/** §9. */
function isAuthorized({ access, method, path }: ModelRequest): boolean {
  const isRead = method === "GET" || method === "HEAD";
  if (isRead && path.startsWith("/public/") && !isFolder(path)) return true;
  if (access === "none" || access === "other-account") return false;
  if (access === "*:rw") return true;
  return (access === "notes:rw" || isRead) && /^(\/public)?\/notes\//.test(path);
}

function putStatuses(
  state: ModelState,
  request: ModelRequest,
  version: string | undefined,
): number[] {
  const { documents } = state;
  const old = documents.get(request.path);
  // §5: "409 for a PUT request where any folder name in the path clashes with an existing
  // document's name at the same level, or [...] with an existing folder's name"
  const isClash =
    existingFolders(state).includes(`${request.path}/`) ||
    ancestorFolders(request.path).some((folder) => documents.has(folder.slice(0, -1)));
  if (isClash) return [409];
  const used = usedBytes(applyPut(state, request));
  const isOverQuota = used > usedBytes(state) && used > state.quotaBytes;
  // RFC 9110 §13.2.1 does not say which comes first if both the precondition and the quota refuse.
  if (preconditionStatus(request, old !== undefined, version) === 412) {
    return isOverQuota ? [412, 507] : [412];
  }
  if (isOverQuota) return [507];
  return [old ? 200 : 201];
}

/** The bytes of all documents, and of the index. */
function usedBytes({ documents }: ModelState): number {
  const typeOf = (path: string) => documents.get(path)?.type ?? "";
  return [...documents.values()].reduce(
    (sum, { bytes }) => sum + bytes.length,
    indexBytesOf([...documents.keys()], typeOf),
  );
}

/** RFC 9110 §13.2.2, in its order. 200: the preconditions hold. */
function preconditionStatus(
  { match, noneMatch, method }: ModelRequest,
  exists: boolean,
  version: string | undefined,
): number {
  const isListed = (list: VersionList) =>
    exists && (list === "*" || list.some((listed) => listed.version === version));
  // A weak ETag counts like a strong one, also in If-Match: the server sends only strong ones, so a
  // proxy has weakened it.
  if (match && !isListed(match)) return 412;
  if (noneMatch && isListed(noneMatch)) return method === "GET" || method === "HEAD" ? 304 : 412;
  return 200;
}

/** RFC 9110 §14.1. Null: the whole document; "none": no byte of it is in the range. */
function selectedBytes(
  { range, ifRange }: ModelRequest,
  version: string | undefined,
  size: number,
): { start: number; end: number } | "none" | null {
  const applies = ifRange === null || (!ifRange.isWeak && ifRange.version === version);
  if (range === null || "ignored" in range || !applies) return null;
  if ("suffix" in range) {
    return range.suffix === 0 || size === 0
      ? "none"
      : { start: Math.max(0, size - range.suffix), end: size };
  }
  const { first, last = Number.POSITIVE_INFINITY } = range;
  if (last < first) return null;
  return first >= size ? "none" : { start: first, end: Math.min(last + 1, size) };
}

function rangeStatuses(request: ModelRequest, version: string | undefined, size: number): number[] {
  const selected = selectedBytes(request, version, size);
  if (selected === null) return [200];
  if (selected !== "none") return [206];
  // RFC 9110 §14.1.2: the last bytes of an empty document are satisfiable, but no Content-Range can
  // express them.
  const isSuffixOfEmpty = request.range && "suffix" in request.range && request.range.suffix > 0;
  return isSuffixOfEmpty ? [416, 200] : [416];
}

// Versions: §6.

const changeCount = (state: ModelState, path: string): number => state.changes.get(path) ?? 0;

const isFolder = (path: string): boolean => path.endsWith("/");

const isEmpty = (state: ModelState, folder: string): boolean =>
  ![...state.documents.keys()].some((path) => path.startsWith(folder));

/**
 * What the version of a node may depend on: how often the node was changed. An empty folder does not
 * exist (§4), so the draft says nothing about its version: any change may change it.
 */
function nodeState(state: ModelState, path: string): string {
  const own = String(changeCount(state, path));
  return isFolder(path) && isEmpty(state, path) ? `${own} of ${changeCount(state, "/")}` : own;
}

/** Records an observed version of a node: it must be the same as before, or new after a change. */
function observe(
  state: ModelState,
  path: string,
  version: string | undefined,
  modified: string | null = null,
): ModelState {
  if (version === undefined) throw new Violation("no strong ETag");
  const current = nodeState(state, path);
  const change = changeCount(state, path);
  const earlier = state.observations.get(path) ?? [];
  for (const observation of earlier) {
    if (observation.version === version) {
      check(observation.change === change, `${version} of ${path} came back after a change`);
      const isSame = [null, modified].includes(observation.modified) || modified === null;
      check(isSame, `Last-Modified of ${path} changed, but not its version`);
    } else {
      const was = observation.version;
      const text = `the version of ${path} is ${version}, was ${was}, without a change`;
      check(observation.state !== current, text);
    }
  }
  const observations = new Map(state.observations).set(path, [
    ...earlier.filter((seen) => seen.version !== version || seen.state !== current),
    { version, state: current, change, modified },
  ]);
  return { ...state, observations };
}

// Changes: §4.

function applyPut(state: ModelState, { path, put }: ModelRequest): ModelState {
  const documents = new Map(state.documents).set(path, put);
  return { ...state, documents, changes: countChange(state, path) };
}

function applyDelete(state: ModelState, { path }: ModelRequest): ModelState {
  const documents = new Map(state.documents);
  documents.delete(path);
  return { ...state, documents, changes: countChange(state, path) };
}

/** "its version being updated, as well as that of its parent folder and further ancestor folders" */
function countChange(state: ModelState, path: string): Map<string, number> {
  const changes = new Map(state.changes);
  for (const node of [path, ...ancestorFolders(path)]) {
    changes.set(node, changeCount(state, node) + 1);
  }
  return changes;
}

/** The state after the user has changed a document on the pages; null: it is deleted. */
export const applyByUser = (
  state: ModelState,
  path: string,
  document: ModelDocument | null,
): ModelState => {
  const request: ModelRequest = {
    ...{ access: "*:rw", match: null, noneMatch: null, range: null, ifRange: null },
    ...{ method: "PUT", path, put: document ?? { type: "", bytes: Buffer.alloc(0) } },
  };
  return document === null ? applyDelete(state, request) : applyPut(state, request);
};

// Responses with a body: §4.

/** The version in a strong ETag header. */
const etagVersion = ({ headers }: ModelResponse): string | undefined =>
  /^"([^"]+)"$/.exec(headers.etag ?? "")?.[1];

function checkReadHeaders(request: ModelRequest, { headers }: ModelResponse): void {
  // §6: "except for requests in the 'public' subtree"
  const expected = request.path.startsWith("/public/") ? "no-cache, public" : "no-cache";
  // Anonymous requests come through Cloudflare's edge, where no-transform is added.
  const actual = headers["cache-control"]?.replace(", no-transform", "");
  checkEqual("Cache-Control", actual, expected);
}

function checkContent(
  state: ModelState,
  request: ModelRequest,
  { status, headers, bytes }: ModelResponse,
): ModelState {
  const document = state.documents.get(request.path);
  if (!document) throw new Violation("content of no document");
  const size = document.bytes.length;
  const version = currentVersion(state, request.path);
  const selected = status === 206 ? selectedBytes(request, version, size) : null;
  const part = selected && selected !== "none" ? selected : null;
  const content = part ? document.bytes.subarray(part.start, part.end) : document.bytes;
  checkEqual("Content-Type", headers["content-type"], document.type);
  checkEqual("Content-Length", headers["content-length"], String(content.length));
  const range = part ? `bytes ${part.start}-${part.end - 1}/${size}` : undefined;
  checkEqual("Content-Range", headers["content-range"], range);
  checkHttpDate(headers["last-modified"]);
  if (request.method === "GET") checkEqual("content", bytes.toString(), content.toString());
  return state;
}

function checkUnsatisfiable(
  state: ModelState,
  request: ModelRequest,
  { headers }: ModelResponse,
): ModelState {
  const size = state.documents.get(request.path)?.bytes.length;
  checkEqual("Content-Range", headers["content-range"], `bytes */${size}`);
  return state;
}

/** The description of an item in a listing, without its version. */
type Description = Record<string, unknown>;

function checkListing(
  state: ModelState,
  request: ModelRequest,
  { headers, bytes }: ModelResponse,
): ModelState {
  checkEqual("Content-Type", headers["content-type"], "application/ld+json");
  if (request.method === "HEAD") return state;
  checkEqual("Content-Length", headers["content-length"], String(bytes.length));
  const listing = JSON.parse(bytes.toString());
  checkEqual("@context", listing["@context"], "http://remotestorage.io/spec/folder-description");
  const items = Object.entries<Description>(listing.items);
  const expected = describeItems(state, request.path);
  const namesOf = (entries: [string, unknown][]) => entries.map(([name]) => name).sort();
  checkEqual("items", namesOf(items).join(", "), namesOf(expected).join(", "));
  let next = state;
  for (const [name, description] of expected) {
    const { ETag, "Last-Modified": modified, ...rest } = new Map(items).get(name) ?? {};
    checkEqual(`the description of ${name}`, JSON.stringify(rest), JSON.stringify(description));
    if (!isFolder(name)) checkHttpDate(modified);
    else checkEqual(`Last-Modified of ${name}`, modified, undefined);
    check(typeof ETag === "string" && !ETag.includes('"'), `no ETag of ${name}`);
    next = observe(next, request.path + name, ETag as string, (modified as string) ?? null);
  }
  return next;
}

function describeItems({ documents }: ModelState, folder: string): [string, Description][] {
  const items = new Map<string, Description>();
  for (const [path, { type, bytes }] of documents) {
    if (!path.startsWith(folder)) continue;
    const [name = "", ...below] = path.slice(folder.length).split("/");
    if (below.length > 0) items.set(`${name}/`, {});
    else items.set(name, { "Content-Type": type, "Content-Length": bytes.length });
  }
  return [...items];
}

/** §4: "The last-modified date MUST be formatted as HTTP-date" */
function checkHttpDate(date: unknown): void {
  const isHttpDate = typeof date === "string" && new Date(date).toUTCString() === date;
  check(isHttpDate, `Last-Modified is ${date}`);
}

function checkEqual(label: string, actual: unknown, expected: unknown): void {
  check(actual === expected, `${label}: expected ${show(expected)}, got ${show(actual)}`);
}

const show = (value: unknown): string =>
  String(value).length > 200 ? `${String(value).length} characters` : `${value}`;

function check(holds: boolean, violation: string): void {
  if (!holds) throw new Violation(violation);
}
