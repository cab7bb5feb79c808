/** The plan that takes back what a task has done. */

import type { PlanContext, PlannedDocument } from "./plan-steps";
import type { PlannedChange, TaskEntry } from "./task";

/** The changes of a task in reverse, the last one first. */
export async function* planUndo(
  { task, entriesBackwards }: PlanContext,
  undone: string,
): AsyncGenerator<PlannedDocument, void> {
  for (const [cursor, entry] of entriesBackwards(undone, task.cursor)) {
    yield { change: reversed(entry), cursor };
  }
}

/** Undefined: the task has left the document as it was. */
function reversed({
  path,
  outcome,
  before,
  after,
  bytes,
  from,
}: TaskEntry): PlannedChange | undefined {
  if (outcome === "conflict" || outcome === "failed") return undefined;
  if (from && after) {
    // The document is moved back, so that at no moment it is at neither place.
    const moved = { path, ...after };
    return { path: from.path, before: null, source: moved, length: bytes, movedFrom: moved };
  }
  return { path, before: after, source: before && { path, ...before }, length: bytes };
}
