/** Parses the form with which users delete, move and rename documents and folders. */

import {
  folderFromPath,
  formatPath,
  type NodePath,
  parseDecodedPath,
  parseNodePath,
  ROOT,
} from "../core/path";
import type { Move, TaskSpec } from "../storage/tasks/task";

/** Documents and folders that may be chosen at once. */
const MAX_CHOSEN_PATHS = 500;

/** Characters of all chosen paths, and of the new ones: the user's object stores them, and reads them at each step. */
const MAX_CHOSEN_LENGTH = 128 * 1024;

/** What is wrong with a form. */
export type TaskFormProblem =
  | "action"
  | "nothing-chosen"
  | "too-many"
  | "path"
  | "name"
  | "target"
  | "too-long"
  | "into-itself"
  | "unchanged";

/** What was parsed, or what is wrong with it. */
export type ParsedForm<T> = { value: T } | { problem: TaskFormProblem };

/**
 * Parses the fields `action` (delete, move or rename), `path` (`readPaths`) and `to`: the folder to move
 * to, or the new name.
 */
export function parseTaskForm(form: URLSearchParams): ParsedForm<TaskSpec> {
  const chosen = readPaths(form);
  if ("problem" in chosen) return chosen;
  const nodes = chosen.value;
  const to = (form.get("to") ?? "").trim();
  switch (form.get("action")) {
    case "delete":
      return { value: { kind: "delete", paths: nodes.map(formatPath) } };
    case "move":
      return parseMove(nodes, to);
    case "rename":
      return nodes.length === 1 ? parseRename(nodes[0] as NodePath, to) : problem("too-many");
    default:
      return problem("action");
  }
}

const problem = (code: TaskFormProblem) => ({ problem: code });

/**
 * The documents and folders that a form names by its fields `path`, percent-encoded as in URLs: browsers
 * change line breaks in the fields of forms, and names may contain them.
 */
export function readPaths(form: URLSearchParams): ParsedForm<NodePath[]> {
  const unique = [...new Set(form.getAll("path"))];
  if (unique.length === 0) return problem("nothing-chosen");
  const length = unique.reduce((sum, path) => sum + path.length, 0);
  if (unique.length > MAX_CHOSEN_PATHS || length > MAX_CHOSEN_LENGTH) return problem("too-many");
  const nodes: NodePath[] = [];
  for (const path of unique) {
    const node = parseNodePath(path);
    // The root is no item of a folder: it can be neither moved nor deleted.
    if (!node.ok || formatPath(node.value) === "/") return problem("path");
    nodes.push(node.value);
  }
  return { value: nodes };
}

/** To a folder, which need not exist yet. Its slashes at both ends may be left out. */
function parseMove(nodes: NodePath[], to: string): ParsedForm<TaskSpec> {
  const target = to === "/" ? ROOT : parseFolder(to);
  if (target === null) return problem("target");
  return checkMoves(nodes.map((node) => [node, formatPath(target) + node.name]));
}

function parseFolder(text: string): NodePath | null {
  const names = text.replace(/^\//, "").replace(/\/$/, "");
  const parsed = parseDecodedPath(`/${names}/`);
  return names !== "" && parsed.ok ? folderFromPath(formatPath(parsed.value)) : null;
}

function parseRename(node: NodePath, name: string): ParsedForm<TaskSpec> {
  if (name === "" || name.includes("/")) return problem("name");
  return checkMoves([[node, `${node.parent}${name}${node.kind === "folder" ? "/" : ""}`]], "name");
}

function checkMoves(
  pairs: [node: NodePath, to: string][],
  invalid: TaskFormProblem = "target",
): ParsedForm<TaskSpec> {
  const moves: Move[] = [];
  for (const [node, to] of pairs) {
    const from = formatPath(node);
    const target = parseDecodedPath(to);
    if (!target.ok) {
      return problem(target.refusal.code === "path-too-long" ? "too-long" : invalid);
    }
    if (to === from) return problem("unchanged");
    if (node.kind === "folder" && to.startsWith(from)) return problem("into-itself");
    moves.push({ from, to });
  }
  const length = moves.reduce((sum, { to }) => sum + to.length, 0);
  if (length > MAX_CHOSEN_LENGTH) return problem("too-many");
  return { value: { kind: "move", moves } };
}
