/**
 * One account's storage in memory, as §4 to §6 and RFC 9110 describe it: which answers a request
 * may get, and what is true after each. Knows nothing of the server.
 */

/** A request, with everything that the answer depends on. */
export interface Ask {
  access: Access;
  method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Decoded; a folder's ends with "/". */
  path: string;
  match: VersionList | null;
  noneMatch: VersionList | null;
  range: Range | null;
  ifRange: ListedVersion | null;
  /** Of a PUT. */
  put: { type: string; bytes: Buffer };
}

/** What a token allows: §9. `elsewhere`: it is of another account; `none`: there is no token. */
export type Access = "*:rw" | "notes:rw" | "notes:r" | "elsewhere" | "none";

export interface ListedVersion {
  version: string;
  isWeak: boolean;
}
export type VersionList = "*" | ListedVersion[];

/** A Range header: bytes=first-last, bytes=first-, bytes=-suffix, or something to be ignored. */
export type Range = { first: number; last?: number } | { suffix: number } | { ignored: string };

export interface Answer {
  status: number;
  headers: Record<string, string>;
  bytes: Buffer;
}

/** The law does not allow an answer. */
export class Complaint extends Error {}

/** What may be true of the storage. A value: `judge` makes another. */
export interface World {
  quotaBytes: number;
  documents: ReadonlyMap<string, { type: string; bytes: Buffer }>;
  /** How often a node was changed, by its path. */
  changes: ReadonlyMap<string, number>;
  /** Every version that a node was seen in, by its path. */
  sightings: ReadonlyMap<string, readonly Sighting[]>;
}

interface Sighting {
  version: string;
  /** When: at which state of the node. */
  state: string;
  change: number;
  modified: string | null;
}

/** An account in which nothing was ever stored. */
export const emptyWorld = (quotaBytes: number): World => ({
  quotaBytes,
  documents: new Map(),
  changes: new Map(),
  sightings: new Map(),
});

/** The folders above a node, the root first. */
export function foldersAbove(path: string): string[] {
  const names = path.split("/").slice(0, path.endsWith("/") ? -2 : -1);
  return names.map((_, index) => `${names.slice(0, index + 1).join("/")}/`);
}

/** §4: folders show up "if and only if their subtree contains at least one document". */
export function foldersOf(world: World): string[] {
  return [...new Set(["/", ...[...world.documents.keys()].flatMap(foldersAbove)])];
}

/** The version that a node was last seen in, if it has not changed since. */
export const knownVersion = (world: World, path: string): string | undefined =>
  world.sightings.get(path)?.findLast(({ state }) => state === stateOf(world, path))?.version;

/** A version that a node was seen in before it changed. */
export const earlierVersion = (world: World, path: string): string | undefined =>
  world.sightings.get(path)?.findLast(({ change }) => change !== changesOf(world, path))?.version;

/** Equal for worlds in which everything is the same. */
export const fingerprint = ({ documents, changes, sightings }: World): string =>
  JSON.stringify([
    [...documents].map(([path, { type, bytes }]) => [path, type, bytes.toString("base64")]).sort(),
    [...changes].sort(),
    [...sightings].sort(),
  ]);

/** The world after a request that was answered like this. Throws a Complaint about the answer. */
export function judge(world: World, ask: Ask, answer: Answer): World {
  const version = knownVersion(world, ask.path) ?? etagOf(answer);
  const lawful = lawfulStatuses(world, ask, version);
  demand(lawful.includes(answer.status), `expected ${lawful.join(" or ")}, got ${answer.status}`);
  if (ask.method === "HEAD" || answer.status === 304) {
    demand(answer.bytes.length === 0, "a body where there must be none");
  }
  if (answer.status === 412 && etagOf(answer) === undefined) return world;
  if (answer.status === 416) return judgeUnsatisfiable(world, ask, answer);
  if (![200, 201, 206, 304, 412].includes(answer.status)) return world;
  if (answer.status < 300 && ask.method === "PUT") {
    return sight(putInto(world, ask), ask.path, etagOf(answer));
  }
  const seen = sight(world, ask.path, etagOf(answer), answer.headers["last-modified"]);
  if (answer.status === 412) return seen;
  // §6: "in case of DELETE, the version that was deleted"
  if (ask.method === "DELETE") return deleteFrom(seen, ask);
  demandReadHeaders(ask, answer);
  if (answer.status === 304) return seen;
  return isFolder(ask.path) ? judgeListing(seen, ask, answer) : judgeContent(seen, ask, answer);
}

/** The world after a change that was made although nobody was told; the same if it was refused. */
export function changeSilently(world: World, ask: Ask): World {
  const [status = 0] = lawfulStatuses(world, ask, knownVersion(world, ask.path));
  if (status >= 300 || ask.method === "GET" || ask.method === "HEAD") return world;
  return ask.method === "PUT" ? putInto(world, ask) : deleteFrom(world, ask);
}

// Statuses: §5.

function lawfulStatuses(world: World, ask: Ask, version: string | undefined): number[] {
  const { method, path } = ask;
  if (!mayAsk(ask)) return [ask.access === "none" ? 401 : 403];
  const isRead = method === "GET" || method === "HEAD";
  // §5: "4xx for all [...] PUT and DELETE requests to folders"
  if (isFolder(path)) return [isRead ? weighConditions(ask, true, version) : 400];
  const document = world.documents.get(path);
  if (method === "PUT") return putStatuses(world, ask, version);
  if (!document) return [404];
  const status = weighConditions(ask, true, version);
  return status === 200 && method === "GET"
    ? rangeStatuses(ask, version, document.bytes.length)
    : [status];
}

/** §9. */
function mayAsk({ access, method, path }: Ask): boolean {
  const isRead = method === "GET" || method === "HEAD";
  if (isRead && path.startsWith("/public/") && !isFolder(path)) return true;
  if (access === "none" || access === "elsewhere") return false;
  if (access === "*:rw") return true;
  return (access === "notes:rw" || isRead) && /^(\/public)?\/notes\//.test(path);
}

function putStatuses(world: World, ask: Ask, version: string | undefined): number[] {
  const { documents } = world;
  const old = documents.get(ask.path);
  // §5: "409 for a PUT request where any folder name in the path clashes with an existing
  // document's name at the same level, or [...] with an existing folder's name"
  const isClash =
    foldersOf(world).includes(`${ask.path}/`) ||
    foldersAbove(ask.path).some((folder) => documents.has(folder.slice(0, -1)));
  if (isClash) return [409];
  const growth = ask.put.bytes.length - (old?.bytes.length ?? 0);
  const used = [...documents.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  const isOver = growth > 0 && used + growth > world.quotaBytes;
  // RFC 9110 §13.2.1 leaves open what comes first where a condition and the quota are against it.
  if (weighConditions(ask, old !== undefined, version) === 412) return isOver ? [412, 507] : [412];
  if (isOver) return [507];
  return [old ? 200 : 201];
}

/** RFC 9110 §13.2.2, in its order. */
function weighConditions(ask: Ask, exists: boolean, version: string | undefined): number {
  const { match, noneMatch, method } = ask;
  const isNamed = (list: VersionList) =>
    exists && (list === "*" || list.some((listed) => listed.version === version));
  // A weak ETag counts like a strong one, also for If-Match: we give out no weak ones, so it was
  // weakened on the way.
  if (match && !isNamed(match)) return 412;
  if (noneMatch && isNamed(noneMatch)) return method === "GET" || method === "HEAD" ? 304 : 412;
  return 200;
}

/** RFC 9110 §14.1. Null: the whole; "none": no byte of the document is in it. */
function chosenBytes(
  { range, ifRange }: Ask,
  version: string | undefined,
  size: number,
): { start: number; end: number } | "none" | null {
  const isWanted = ifRange === null || (!ifRange.isWeak && ifRange.version === version);
  if (range === null || "ignored" in range || !isWanted) return null;
  if ("suffix" in range) {
    return range.suffix === 0 || size === 0
      ? "none"
      : { start: Math.max(0, size - range.suffix), end: size };
  }
  const { first, last = Number.POSITIVE_INFINITY } = range;
  if (last < first) return null;
  return first >= size ? "none" : { start: first, end: Math.min(last + 1, size) };
}

function rangeStatuses(ask: Ask, version: string | undefined, size: number): number[] {
  const chosen = chosenBytes(ask, version, size);
  if (chosen === null) return [200];
  if (chosen !== "none") return [206];
  // RFC 9110 §14.1.2: the last bytes of nothing can be had, but no Content-Range could say so.
  const isLastOfNothing = ask.range && "suffix" in ask.range && ask.range.suffix > 0;
  return isLastOfNothing ? [416, 200] : [416];
}

// Versions: §6.

const changesOf = (world: World, path: string): number => world.changes.get(path) ?? 0;

const isFolder = (path: string): boolean => path.endsWith("/");

const isEmpty = (world: World, folder: string): boolean =>
  ![...world.documents.keys()].some((path) => path.startsWith(folder));

/**
 * What a node's version may depend on: how often it was changed. An empty folder does not exist
 * (§4), so the draft says nothing of its version: it may change with anything.
 */
function stateOf(world: World, path: string): string {
  const own = String(changesOf(world, path));
  return isFolder(path) && isEmpty(world, path) ? `${own} of ${changesOf(world, "/")}` : own;
}

/** Notes the version that a node is seen in: the same as before, or after a change a new one. */
function sight(
  world: World,
  path: string,
  version: string | undefined,
  modified: string | null = null,
): World {
  if (version === undefined) throw new Complaint("no strong ETag");
  const state = stateOf(world, path);
  const change = changesOf(world, path);
  const earlier = world.sightings.get(path) ?? [];
  for (const sighting of earlier) {
    if (sighting.version === version) {
      demand(sighting.change === change, `${version} of ${path} came back after a change`);
      const isSame = [null, modified].includes(sighting.modified) || modified === null;
      demand(isSame, `Last-Modified of ${path} changed without its version`);
    } else {
      const text = `the version of ${path} is ${version}, was ${sighting.version}, unchanged since`;
      demand(sighting.state !== state, text);
    }
  }
  const sightings = new Map(world.sightings).set(path, [
    ...earlier.filter((sighting) => sighting.version !== version || sighting.state !== state),
    { version, state, change, modified },
  ]);
  return { ...world, sightings };
}

// Changes: §4.

function putInto(world: World, { path, put }: Ask): World {
  const documents = new Map(world.documents).set(path, put);
  return { ...world, documents, changes: changed(world, path) };
}

function deleteFrom(world: World, { path }: Ask): World {
  const documents = new Map(world.documents);
  documents.delete(path);
  return { ...world, documents, changes: changed(world, path) };
}

/** "its version being updated, as well as that of its parent folder and further ancestor folders" */
function changed(world: World, path: string): Map<string, number> {
  const changes = new Map(world.changes);
  for (const node of [path, ...foldersAbove(path)]) changes.set(node, changesOf(world, node) + 1);
  return changes;
}

// Answers with a body: §4.

/** The version in a strong ETag header. */
const etagOf = ({ headers }: Answer): string | undefined =>
  /^"([^"]+)"$/.exec(headers.etag ?? "")?.[1];

function demandReadHeaders(ask: Ask, { headers }: Answer): void {
  // §6: "except for requests in the 'public' subtree"
  const wanted = ask.path.startsWith("/public/") ? "no-cache, public" : "no-cache";
  // At Cloudflare's edge, by which strangers come, no-transform is added.
  const found = headers["cache-control"]?.replace(", no-transform", "");
  demandEqual("Cache-Control", found, wanted);
}

function judgeContent(world: World, ask: Ask, { status, headers, bytes }: Answer): World {
  const document = world.documents.get(ask.path);
  if (!document) throw new Complaint("content of no document");
  const chosen =
    status === 206 ? chosenBytes(ask, knownVersion(world, ask.path), document.bytes.length) : null;
  const part = chosen && chosen !== "none" ? chosen : null;
  const content = part ? document.bytes.subarray(part.start, part.end) : document.bytes;
  demandEqual("Content-Type", headers["content-type"], document.type);
  demandEqual("Content-Length", headers["content-length"], String(content.length));
  const range = part ? `bytes ${part.start}-${part.end - 1}/${document.bytes.length}` : undefined;
  demandEqual("Content-Range", headers["content-range"], range);
  demandDate(headers["last-modified"]);
  if (ask.method === "GET") demandEqual("content", bytes.toString(), content.toString());
  return world;
}

function judgeUnsatisfiable(world: World, ask: Ask, { headers }: Answer): World {
  const size = world.documents.get(ask.path)?.bytes.length;
  demandEqual("Content-Range", headers["content-range"], `bytes */${size}`);
  return world;
}

/** What a listing says of an item, beside its version. */
type Description = Record<string, unknown>;

function judgeListing(world: World, ask: Ask, { headers, bytes }: Answer): World {
  demandEqual("Content-Type", headers["content-type"], "application/ld+json");
  if (ask.method === "HEAD") return world;
  demandEqual("Content-Length", headers["content-length"], String(bytes.length));
  const listing = JSON.parse(bytes.toString());
  demandEqual("@context", listing["@context"], "http://remotestorage.io/spec/folder-description");
  const items = Object.entries<Description>(listing.items);
  const expected = itemsOf(world, ask.path);
  const namesOf = (entries: [string, unknown][]) => entries.map(([name]) => name).sort();
  demandEqual("items", namesOf(items).join(", "), namesOf(expected).join(", "));
  let seen = world;
  for (const [name, description] of expected) {
    const { ETag, "Last-Modified": modified, ...rest } = new Map(items).get(name) ?? {};
    demandEqual(`the description of ${name}`, JSON.stringify(rest), JSON.stringify(description));
    if (!isFolder(name)) demandDate(modified);
    else demandEqual(`Last-Modified of ${name}`, modified, undefined);
    demand(typeof ETag === "string" && !ETag.includes('"'), `no ETag of ${name}`);
    seen = sight(seen, ask.path + name, ETag as string, (modified as string) ?? null);
  }
  return seen;
}

function itemsOf({ documents }: World, folder: string): [string, Description][] {
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
function demandDate(date: unknown): void {
  const isDate = typeof date === "string" && new Date(date).toUTCString() === date;
  demand(isDate, `Last-Modified is ${date}`);
}

function demandEqual(what: string, actual: unknown, expected: unknown): void {
  demand(actual === expected, `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

const show = (value: unknown): string =>
  String(value).length > 200 ? `${String(value).length} characters` : `${value}`;

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Complaint(otherwise);
}
