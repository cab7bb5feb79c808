/** How many documents a task will look at. */

import { folderFromPath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { selectFolderTotals } from "../db/nodes";
import type { TaskSpec } from "./task";

/** Paths that are asked for; of more, the number is not known. */
const MAX_PATHS = 20;

/** The number, from the index; null: it is not known beforehand. */
export async function countTargets(
  db: D1Database,
  account: string,
  spec: TaskSpec,
): Promise<number | null> {
  const paths =
    spec.kind === "delete"
      ? spec.paths
      : spec.kind === "move"
        ? spec.moves.map(({ from }) => from)
        : [];
  const folders = paths.filter((path) => path.endsWith("/"));
  if (paths.length === 0 || folders.length > MAX_PATHS) return null;
  const statements = folders.map((path) => selectFolderTotals(db, account, folderFromPath(path)));
  const results =
    folders.length === 0 ? [] : await withRetry(() => db.batch<{ documents: number }>(statements));
  const below = results.reduce((sum, { results: [row] }) => sum + (row?.documents ?? 0), 0);
  return below + paths.length - folders.length;
}
