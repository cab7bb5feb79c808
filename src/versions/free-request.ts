/** Which versions the user wants to delete for good. */

import { formatPath, parseDecodedPath } from "../core/path";
import { foldersOfModule } from "./bin";

/** A request to delete versions for good. */
export interface FreeRequest {
  what: "versions" | "deleted";
  /** Null: the paths were named. */
  module: string | null;
  /** Of documents, or of folders, which end with a slash. */
  paths: string[];
}

/**
 * Parses the parameters `what` (versions or deleted), and `path` (of a document, a folder, or "/") or
 * `module`. Returns null if they name nothing.
 */
export function parseFreeRequest(query: URLSearchParams): FreeRequest | null {
  const what = query.get("what");
  if (what !== "versions" && what !== "deleted") return null;
  const module = query.get("module") ?? "";
  const wanted = module === "" ? [query.get("path") ?? ""] : foldersOfModule(module);
  const nodes = wanted.map(parseDecodedPath);
  const paths = nodes.flatMap((node) => (node.ok ? [formatPath(node.value)] : []));
  const isValid = paths.length === wanted.length && !module.includes("/");
  return isValid ? { what, module: module === "" ? null : module, paths } : null;
}
