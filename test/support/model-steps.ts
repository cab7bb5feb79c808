/** What apps may do to a storage: random acts, and how a transcript tells of them. */

import fc from "fast-check";
import {
  type Access,
  type Answer,
  type Ask,
  earlierVersion,
  foldersAbove,
  knownVersion,
  type ListedVersion,
  type Range,
  type VersionList,
  type World,
} from "./model";

/** The apps, and what their tokens allow. */
export const APPS = {
  "app A": "*:rw",
  "app B": "*:rw",
  "app of notes": "notes:rw",
  "reader of notes": "notes:r",
  "app of another": "elsewhere",
  stranger: "none",
} as const satisfies Record<string, Access>;

export type AppName = keyof typeof APPS;

/** A request in terms of what is there when it is sent. */
export interface Wish {
  app: AppName;
  method: Ask["method"];
  /** A number: that one of the documents which are there. */
  path: string | number;
  match: "*" | Reference[] | null;
  noneMatch: "*" | Reference[] | null;
  range: Range | null;
  ifRange: Reference | null;
  type: string;
  /** How often the body repeats the number of its step. */
  repeats: number;
  /** Sent without a Content-Length. */
  isChunked: boolean;
}

/** One version of those that an app might know. */
type Reference = "current" | "weakened" | "earlier" | "of the folder" | "unheard of";

/** One thing after the other. */
export type Act =
  | { kind: "ask"; wish: Wish }
  | { kind: "ask at once"; wishes: Wish[]; onOnePath: boolean; meanwhile: Disturbance | null }
  | { kind: "look" }
  | { kind: "disturb"; how: Disturbance["how"] };

/** The end of all objects, which finish what they have begun or not. */
export interface Disturbance {
  how: "evict" | "restart";
  /** So many round trips after the requests were sent. */
  after: number;
}

const weighted = <T>(...entries: [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...entries.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  weighted<T | null>([3, fc.constant(null)], [1, arbitrary]);

/** Few that are frequent, so that paths meet; and some that a server might take for others. */
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
  .map(([place, names]) => place + names.map((name) => `${name}/`).join(""));

const DOCUMENT = fc.tuple(FOLDER, NAME).map(([folder, name]) => folder + name);

const REFERENCE = weighted<Reference>(
  [3, fc.constant("current")],
  [2, fc.constantFrom("earlier", "weakened", "of the folder", "unheard of")],
);

const LIST = weighted<"*" | Reference[]>(
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

const METHOD_AND_PATH = weighted<Pick<Wish, "method" | "path">>(
  [18, fc.record({ method: fc.constant("PUT"), path: PATH })],
  [9, fc.record({ method: fc.constant("DELETE"), path: PATH })],
  [9, fc.record({ method: fc.constantFrom("GET", "GET", "HEAD"), path: PATH })],
  [6, fc.record({ method: fc.constantFrom("GET", "HEAD"), path: FOLDER })],
  [1, fc.record({ method: fc.constantFrom("PUT", "DELETE"), path: FOLDER })],
);

const WISH: fc.Arbitrary<Wish> = fc
  .record({
    app: weighted<AppName>(
      [12, fc.constantFrom("app A", "app B")],
      [3, fc.constantFrom("app of notes", "reader of notes", "app of another", "stranger")],
    ),
    where: METHOD_AND_PATH,
    match: rarely(LIST),
    noneMatch: rarely(LIST),
    range: weighted<Range | null>([1, fc.constant(null)], [1, RANGE]),
    ifRange: weighted<Reference | null>([1, fc.constant(null)], [1, REFERENCE]),
    type: fc.constantFrom("text/plain", "application/json; charset=utf-8", "image/png", "odd"),
    repeats: weighted([6, fc.nat(8)], [1, fc.constantFrom(0, 2000)]),
    isChunked: weighted([5, fc.constant(false)], [1, fc.constant(true)]),
  })
  .map(({ where, ...rest }) => ({ ...where, ...rest }));

const HOW = fc.constantFrom<Disturbance["how"][]>("evict", "restart");

const ACT = weighted<Act>(
  [24, fc.record({ kind: fc.constant("ask"), wish: WISH })],
  [
    4,
    fc.record({
      kind: fc.constant("ask at once"),
      wishes: fc.array(WISH, { minLength: 2, maxLength: 4 }),
      onOnePath: fc.boolean(),
      meanwhile: rarely(fc.record({ how: HOW, after: fc.nat(3) })),
    }),
  ],
  [1, fc.record({ kind: fc.constant("look") })],
  [1, fc.record({ kind: fc.constant("disturb"), how: HOW })],
);

/** A story of so many acts at most; half of that on average. */
export const story = (maxLength: number): fc.Arbitrary<Act[]> =>
  fc.array(ACT, { maxLength, size: "max" });

/** The request that a wish comes to. */
export function askFor(wish: Wish, world: World, number: string): Ask {
  const path = pathFor(wish.path, world);
  const isRanged = wish.method === "GET" && !path.endsWith("/");
  const range = isRanged ? wish.range : null;
  return {
    access: APPS[wish.app],
    method: wish.method,
    path,
    match: listFor(wish.match, world, path),
    noneMatch: listFor(wish.noneMatch, world, path),
    range,
    ifRange: range && wish.ifRange ? versionFor(wish.ifRange, world, path) : null,
    // Two bytes that are one character, so that the two are not taken for each other.
    put: { type: wish.type, bytes: Buffer.from(`${number}é`.repeat(wish.repeats)) },
  };
}

/** The path that a wish is about. */
export function pathFor(path: string | number, world: World): string {
  if (typeof path === "string") return path;
  const paths = [...world.documents.keys()].sort();
  return paths[path % paths.length] ?? "/notes/a";
}

const listFor = (list: Wish["match"], world: World, path: string): VersionList | null =>
  list === null || list === "*"
    ? list
    : list.map((reference) => versionFor(reference, world, path));

function versionFor(reference: Reference, world: World, path: string): ListedVersion {
  const folder = foldersAbove(path).at(-1) ?? path;
  const version = {
    current: () => knownVersion(world, path),
    weakened: () => knownVersion(world, path),
    earlier: () => earlierVersion(world, path),
    "of the folder": () => knownVersion(world, folder),
    "unheard of": () => undefined,
  }[reference]();
  return { version: version ?? "unheard-of", isWeak: reference === "weakened" };
}

/** The headers of a request, but for its token. */
export function headersFor(ask: Ask): Record<string, string> {
  const { match, noneMatch, range, ifRange, method, put } = ask;
  return {
    ...(match && { "If-Match": listText(match) }),
    ...(noneMatch && { "If-None-Match": listText(noneMatch) }),
    ...(range && { Range: rangeText(range) }),
    ...(ifRange && { "If-Range": listText([ifRange]) }),
    ...(method === "PUT" && { "Content-Type": put.type }),
  };
}

const listText = (list: VersionList): string =>
  list === "*"
    ? list
    : list.map(({ version, isWeak }) => `${isWeak ? "W/" : ""}"${version}"`).join(", ");

function rangeText(range: Range): string {
  if ("ignored" in range) return range.ignored;
  return "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;
}

/** A request in a line of a transcript. */
export function tellAsk(app: string, ask: Ask): string {
  const headers = Object.entries(headersFor(ask))
    .filter(([name]) => name !== "Content-Type")
    .map(([name, value]) => ` ${name}: ${value}`);
  const path = ask.path.includes(" ") ? `<${ask.path}>` : JSON.stringify(ask.path).slice(1, -1);
  const body = ask.method === "PUT" ? ` ${tellBytes(ask.put.bytes)} as ${ask.put.type}` : "";
  return `${app}: ${ask.method} ${path}${body}${headers.join("")}`;
}

/** An answer, likewise. */
export function tellAnswer({ status, headers, bytes }: Answer): string {
  const words = [status, headers.etag, headers["content-range"]];
  if (status < 400 && bytes.length > 0) words.push(tellBytes(bytes));
  return words.filter((word) => word !== undefined).join(" ");
}

function tellBytes(bytes: Buffer): string {
  const text = bytes.toString();
  if (text.startsWith("{")) return tellListing(text);
  return bytes.length > 40 ? `(${bytes.length} bytes)` : JSON.stringify(text);
}

function tellListing(text: string): string {
  const { items } = JSON.parse(text) as { items: Record<string, { ETag: string }> };
  const told = Object.entries(items).map(
    ([name, { ETag }]) => `${JSON.stringify(name)}: "${ETag}"`,
  );
  return `{ ${told.join(", ")} }`;
}
