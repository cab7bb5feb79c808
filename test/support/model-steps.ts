/** Random steps of several apps that use one storage, and how a transcript shows them. */

import fc from "fast-check";
import {
  type Access,
  ancestorFolders,
  currentVersion,
  earlierVersion,
  type ListedVersion,
  type ModelRequest,
  type ModelResponse,
  type ModelState,
  type Range,
  type VersionList,
} from "./model";

/** The apps, and the scopes of their tokens. */
export const APPS = {
  "app A": "*:rw",
  "app B": "*:rw",
  "notes app": "notes:rw",
  "notes reader": "notes:r",
  "app of another user": "other-account",
  anonymous: "none",
} as const satisfies Record<string, Access>;

export type AppName = keyof typeof APPS;

/** A random request, relative to the state when it is sent. `toRequest` makes it concrete. */
export interface RandomRequest {
  app: AppName;
  method: ModelRequest["method"];
  /** A number: one of the documents that exist. */
  path: string | number;
  match: "*" | VersionReference[] | null;
  noneMatch: "*" | VersionReference[] | null;
  range: Range | null;
  ifRange: VersionReference | null;
  type: string;
  /** How often the body repeats the number of its step. */
  repeats: number;
  /** Sent without a Content-Length. */
  isChunked: boolean;
}

/** A version that an app might know. */
type VersionReference = "current" | "weakened" | "earlier" | "of the folder" | "unknown";

/** One step of a run. */
export type Step =
  | { kind: "request"; request: RandomRequest }
  | {
      kind: "concurrent requests";
      requests: RandomRequest[];
      onOnePath: boolean;
      meanwhile: Interruption | null;
    }
  | { kind: "read all" }
  | { kind: "interrupt"; how: Interruption["how"] }
  | GoBackStep;

/** The user makes a folder what it was at a moment, and may take that back. */
export interface GoBackStep {
  kind: "go back";
  folder: string;
  /** The moment after one of the steps before, counted from the last. */
  stepsAgo: number;
  isUndone: boolean;
}

/** The end of all Durable Objects: `evict` lets them finish what they have begun, `restart` does not. */
export interface Interruption {
  how: "evict" | "restart";
  /** So many round trips after the requests were sent. */
  after: number;
}

const weighted = <T>(...entries: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...entries.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  weighted<T | null>([3, fc.constant(null)], [1, arbitrary]);

/** A few frequent names, so that paths collide, and some that a server might mix up with others. */
const NAME = weighted(
  [8, fc.constantFrom("a", "b")],
  [
    2,
    fc.constantFrom(
      ...["A", "a b", "a.", ".a", "...", "50%", "%2F", "a%20b", "é", "e\u0301", "😀", "\u007f"],
      ...["\\", '"', "'", "*", "?", "#", "+", "\n", "a;b=c,d", "__proto__", "constructor"],
    ),
  ],
);

const FOLDER = fc
  .tuple(
    weighted(
      [4, fc.constant("/notes/")],
      [2, fc.constantFrom("/public/notes/", "/public/", "/other/", "/")],
    ),
    fc.array(NAME, { maxLength: 2 }),
  )
  .map(([parent, names]) => parent + names.map((name) => `${name}/`).join(""));

const DOCUMENT = fc.tuple(FOLDER, NAME).map(([folder, name]) => folder + name);

const REFERENCE = weighted<VersionReference>(
  [3, fc.constant("current")],
  [2, fc.constantFrom("earlier", "weakened", "of the folder", "unknown")],
);

const LIST = weighted<"*" | VersionReference[]>(
  [3, fc.array(REFERENCE, { minLength: 1, maxLength: 3 })],
  [1, fc.constant("*")],
);

const POSITION = weighted([4, fc.nat(12)], [1, fc.constant(100_000)]);

const RANGE = fc.oneof<fc.Arbitrary<Range>[]>(
  fc.record({ first: POSITION, last: POSITION }),
  POSITION.map((first) => ({ first })),
  POSITION.map((suffix) => ({ suffix })),
  fc.constantFrom("bytes=0-0,2-3", "lines=1-2", "bytes=-").map((ignored) => ({ ignored })),
);

const PATH = weighted<string | number>([5, DOCUMENT], [6, fc.nat(9)]);

const METHOD_AND_PATH = weighted<Pick<RandomRequest, "method" | "path">>(
  [18, fc.record({ method: fc.constant("PUT"), path: PATH })],
  [9, fc.record({ method: fc.constant("DELETE"), path: PATH })],
  [9, fc.record({ method: fc.constantFrom("GET", "GET", "HEAD"), path: PATH })],
  [6, fc.record({ method: fc.constantFrom("GET", "HEAD"), path: FOLDER })],
  [1, fc.record({ method: fc.constantFrom("PUT", "DELETE"), path: FOLDER })],
);

const REQUEST: fc.Arbitrary<RandomRequest> = fc
  .record({
    app: weighted<AppName>(
      [12, fc.constantFrom("app A", "app B")],
      [3, fc.constantFrom("notes app", "notes reader", "app of another user", "anonymous")],
    ),
    methodAndPath: METHOD_AND_PATH,
    match: rarely(LIST),
    noneMatch: rarely(LIST),
    range: weighted<Range | null>([1, fc.constant(null)], [1, RANGE]),
    ifRange: weighted<VersionReference | null>([1, fc.constant(null)], [1, REFERENCE]),
    type: fc.constantFrom("text/plain", "application/json; charset=utf-8", "image/png", "odd"),
    repeats: weighted([6, fc.nat(8)], [1, fc.constantFrom(0, 2000)]),
    isChunked: weighted([5, fc.constant(false)], [1, fc.constant(true)]),
  })
  .map(({ methodAndPath, ...rest }) => ({ ...methodAndPath, ...rest }));

const HOW = fc.constantFrom<Interruption["how"][]>("evict", "restart");

const STEP = weighted<Step>(
  [24, fc.record({ kind: fc.constant("request"), request: REQUEST })],
  [
    4,
    fc.record({
      kind: fc.constant("concurrent requests"),
      requests: fc.array(REQUEST, { minLength: 2, maxLength: 4 }),
      onOnePath: fc.boolean(),
      meanwhile: rarely(fc.record({ how: HOW, after: fc.nat(3) })),
    }),
  ],
  [1, fc.record({ kind: fc.constant("read all") })],
  [1, fc.record({ kind: fc.constant("interrupt"), how: HOW })],
  [
    1,
    fc.record({
      kind: fc.constant("go back"),
      folder: weighted([3, fc.constantFrom("/", "/notes/", "/public/")], [1, FOLDER]),
      stepsAgo: fc.nat(30),
      isUndone: fc.boolean(),
    }),
  ],
);

/** Up to so many random steps; half of that on average. */
export const randomSteps = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(STEP, { maxLength, size: "max" });

/** Makes a random request concrete. `stepNumber` is the text that its body repeats. */
export function toRequest(
  random: RandomRequest,
  state: ModelState,
  stepNumber: string,
): ModelRequest {
  const path = resolvePath(random.path, state);
  const mayHaveRange = random.method === "GET" && !path.endsWith("/");
  const range = mayHaveRange ? random.range : null;
  return {
    access: APPS[random.app],
    method: random.method,
    path,
    match: resolveList(random.match, state, path),
    noneMatch: resolveList(random.noneMatch, state, path),
    range,
    ifRange: range && random.ifRange ? resolveVersion(random.ifRange, state, path) : null,
    // A character of two bytes, so that characters and bytes are not mixed up.
    put: { type: random.type, bytes: Buffer.from(`${stepNumber}é`.repeat(random.repeats)) },
  };
}

function resolvePath(path: string | number, state: ModelState): string {
  if (typeof path === "string") return path;
  const paths = [...state.documents.keys()].sort();
  return paths[path % paths.length] ?? "/notes/a";
}

const resolveList = (
  list: RandomRequest["match"],
  state: ModelState,
  path: string,
): VersionList | null =>
  list === null || list === "*"
    ? list
    : list.map((reference) => resolveVersion(reference, state, path));

function resolveVersion(
  reference: VersionReference,
  state: ModelState,
  path: string,
): ListedVersion {
  const folder = ancestorFolders(path).at(-1) ?? path;
  const version = {
    current: () => currentVersion(state, path),
    weakened: () => currentVersion(state, path),
    earlier: () => earlierVersion(state, path),
    "of the folder": () => currentVersion(state, folder),
    unknown: () => undefined,
  }[reference]();
  return { version: version ?? "unknown", isWeak: reference === "weakened" };
}

/** The headers of a request, without its token. */
export function requestHeaders(request: ModelRequest): Record<string, string> {
  const { match, noneMatch, range, ifRange, method, put } = request;
  return {
    ...(match && { "If-Match": formatList(match) }),
    ...(noneMatch && { "If-None-Match": formatList(noneMatch) }),
    ...(range && { Range: formatRange(range) }),
    ...(ifRange && { "If-Range": formatList([ifRange]) }),
    ...(method === "PUT" && { "Content-Type": put.type }),
  };
}

const formatList = (list: VersionList): string =>
  list === "*"
    ? list
    : list.map(({ version, isWeak }) => `${isWeak ? "W/" : ""}"${version}"`).join(", ");

function formatRange(range: Range): string {
  if ("ignored" in range) return range.ignored;
  return "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;
}

/** A request as a line of a transcript. */
export function formatRequest(app: string, request: ModelRequest): string {
  const { method, path, put } = request;
  const headers = Object.entries(requestHeaders(request))
    .filter(([name]) => name !== "Content-Type")
    .map(([name, value]) => ` ${name}: ${value}`);
  const shownPath = path.includes(" ") ? `<${path}>` : JSON.stringify(path).slice(1, -1);
  const body = method === "PUT" ? ` ${formatBytes(put.bytes)} as ${put.type}` : "";
  return `${app}: ${method} ${shownPath}${body}${headers.join("")}`;
}

/** A response, likewise. */
export function formatResponse({ status, headers, bytes }: ModelResponse): string {
  const parts = [status, headers.etag, headers["content-range"]];
  if (status < 400 && bytes.length > 0) parts.push(formatBytes(bytes));
  return parts.filter((part) => part !== undefined).join(" ");
}

function formatBytes(bytes: Buffer): string {
  const text = bytes.toString();
  if (text.startsWith("{")) return formatListing(text);
  return bytes.length > 40 ? `(${bytes.length} bytes)` : JSON.stringify(text);
}

function formatListing(text: string): string {
  const { items } = JSON.parse(text) as { items: Record<string, { ETag: string }> };
  const entries = Object.entries(items).map(
    ([name, { ETag }]) => `${JSON.stringify(name)}: "${ETag}"`,
  );
  return `{ ${entries.join(", ")} }`;
}
