/** The paths that a task is about, and the pages that they lead to. */

import { encodePath } from "../core/path";
import { pathsOf, type Task, type TaskSubject } from "../storage/tasks/task";

/** The list of tasks. */
export const TASKS_PATH = "/tasks";

/** The page of a task. */
export const taskPagePath = (id: string): string => `${TASKS_PATH}/${id}`;

/** The page of a document or folder. */
export const filePagePath = (path: string): string => `/files${encodePath(path)}`;

/** The paths in one line: the first one, and how many more there are. */
export function summarizePaths({ path, others, to }: TaskSubject): string {
  if (others > 0) return `${path} (+${others})`;
  return to === null ? path : `${path} → ${to}`;
}

/** The folder in which a user will look for what a task has done. */
export function resultFolder({ spec }: Pick<Task, "spec">): string {
  const path = spec.kind === "move" ? (spec.moves[0]?.to ?? "/") : (pathsOf(spec)[0] ?? "/");
  const isWholeFolder = spec.kind === "go-back" || (spec.kind === "restore" && spec.paths === null);
  return isWholeFolder ? path : parentOf(path);
}

/** The folder that contains a document or folder. */
const parentOf = (path: string): string =>
  path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
