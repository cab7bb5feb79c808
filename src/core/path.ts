/** Paths of documents and folders in an account: §4 on item names. */

import { type Outcome, ok, refused } from "./refusals";

/** Bytes of a decoded path in UTF-8: it must fit into an R2 object's metadata with the Content-Type. */
export const MAX_PATH_BYTES = 4096;
/** Levels of a path. A change writes a row for each folder above it, so depth makes it expensive. */
export const MAX_DEPTH = 64;

const UTF8 = new TextEncoder();

/**
 * The path of a document or folder, with decoded names. `parent` is the path of the folder that
 * contains it ("" for the root); the `name` of a folder ends with "/", that of the root is "/".
 */
export interface NodePath {
  kind: "document" | "folder";
  parent: string;
  name: string;
}

/** The root folder of an account. */
export const ROOT: NodePath = { kind: "folder", parent: "", name: "/" };

/** "/a/b" or "/a/b/", decoded. */
export const formatPath = (node: NodePath): string => node.parent + node.name;

/** The document at a decoded path; the inverse of `formatPath`. */
export function documentFromPath(path: string): NodePath {
  const start = path.lastIndexOf("/") + 1;
  return { kind: "document", parent: path.slice(0, start), name: path.slice(start) };
}

/**
 * Parses what follows <storage_root> in a URL, still percent-encoded: "/", "/a/b%20c", "/a/". Refuses
 * with `malformed` (400) an empty segment, broken percent-encoding and names that §4 rules out, with
 * `path-too-long` (414) a path above MAX_PATH_BYTES or MAX_DEPTH.
 */
export function parseNodePath(raw: string): Outcome<NodePath> {
  if (!raw.startsWith("/")) return malformed("The path must start with a slash.");
  const kind = raw.endsWith("/") ? "folder" : "document";
  const encoded = raw.slice(1, kind === "folder" ? -1 : undefined).split("/");
  if (raw === "/") return ok(ROOT);
  if (encoded.length > MAX_DEPTH) return tooLong(`is deeper than ${MAX_DEPTH} levels`);

  const names: string[] = [];
  for (const segment of encoded) {
    const name = decodeSegment(segment);
    if (name === null) return malformed("The path is not valid percent-encoded UTF-8.");
    // §4: "Item names MAY contain all characters, before URI_ENCODE, except '/' and the null
    // character '\0' and MUST NOT have zero length."
    if (name === "" || name.includes("/") || name.includes("\0")) {
      return malformed("An item name is empty or contains a slash or a null character.");
    }
    // §4: "Item names MUST NOT be equal to '.' or to '..'"
    if (name === "." || name === "..") return malformed("An item name must not be '.' or '..'.");
    names.push(name);
  }

  const last = names.pop() as string;
  const parent = names.length === 0 ? "/" : `/${names.join("/")}/`;
  const node: NodePath = { kind, parent, name: kind === "folder" ? `${last}/` : last };
  if (UTF8.encode(formatPath(node)).byteLength > MAX_PATH_BYTES) {
    return tooLong(`is longer than ${MAX_PATH_BYTES} bytes`);
  }
  return ok(node);
}

/** Percent-encodes a decoded path for a URL, all but its slashes: what `parseNodePath` parses. */
export const encodePath = (path: string): string =>
  path.split("/").map(encodeURIComponent).join("/");

/** Parses a decoded path, such as a field of a form. Refuses as `parseNodePath` does. */
export const parseDecodedPath = (path: string): Outcome<NodePath> =>
  parseNodePath(encodePath(path.toWellFormed()));

/** The folders above a node, from the root to its parent. */
export function listAncestors(node: NodePath): NodePath[] {
  const ancestors: NodePath[] = [];
  for (let end = node.parent.indexOf("/"); end !== -1; end = node.parent.indexOf("/", end + 1)) {
    ancestors.push(folderFromPath(node.parent.slice(0, end + 1)));
  }
  return ancestors;
}

/** How many folders are above a node, the root included. */
export const countAncestors = ({ parent }: NodePath): number => parent.split("/").length - 1;

/** §9: "GET and HEAD requests to a document (but not a folder) whose path starts with '/public/'" */
export const isPublic = (node: NodePath): boolean => formatPath(node).startsWith("/public/");

/** The folder with this path, which ends with a slash. Not checked, as in `documentFromPath`. */
export function folderFromPath(path: string): NodePath {
  if (path === "/") return ROOT;
  const start = path.lastIndexOf("/", path.length - 2) + 1;
  return { kind: "folder", parent: path.slice(0, start), name: path.slice(start) };
}

function decodeSegment(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}

const malformed = (message: string) => refused({ code: "malformed", message });

const tooLong = (reason: string) =>
  refused({ code: "path-too-long", message: `The path ${reason}. Use a shorter one.` });
