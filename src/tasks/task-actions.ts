/** What a user can do with a task, by its state. */

import type { TaskState } from "../storage/tasks/task";

/** What a user can do with a task. */
export type TaskAction = "pause" | "resume" | "cancel" | "undo" | "do";

/** The actions that the state of a task allows. */
export function possibleActions(task: TaskState): TaskAction[] {
  if (task.state === "running") return ["pause", "cancel"];
  if (task.state === "paused") return ["resume", "cancel"];
  return [
    ...(canBeUndone(task) ? (["undo"] as const) : []),
    ...(canBeDone(task) ? (["do"] as const) : []),
  ];
}

/** How many documents or versions a task has changed, or would change. */
export const countChanges = ({ counts }: TaskState): number =>
  counts.created + counts.replaced + counts.deleted + counts.moved;

/** Whether a task has done something that can be taken back, and was not. */
const canBeUndone = (task: TaskState): boolean =>
  task.endedAt !== null &&
  !task.isPreview &&
  task.subject.kind !== "free" &&
  task.undoneBy === null &&
  countChanges(task) > 0;

/** Whether a preview is complete, and doing what it shows would change something. */
export const canBeDone = (task: TaskState): boolean =>
  task.isPreview && task.state === "done" && countChanges(task) > 0;
