/** The plans of tasks: which documents they change, a few at a time, so that they can be resumed. */

import { folderFromPath } from "../../core/path";
import { planFree } from "./plan-free";
import { planGoBack } from "./plan-go-back";
import { planRestore } from "./plan-restore";
import { type PlanContext, type PlannedDocument, toSteps } from "./plan-steps";
import { planDeletion, planMoves } from "./plan-subtrees";
import { planUndo } from "./plan-undo";
import type { PlanStep } from "./task";

/** The plan of a task, from its cursor. */
export function planOf(context: PlanContext): AsyncGenerator<PlanStep, void> {
  const { spec } = context.task;
  if (spec.kind === "free") return planFree(context, spec);
  return toSteps(documentsOf(context), context.stepSize);
}

function documentsOf(context: PlanContext): AsyncIterable<PlannedDocument> {
  const { spec } = context.task;
  switch (spec.kind) {
    case "delete":
      return planDeletion(context, spec.paths);
    case "move":
      return planMoves(context, spec.moves);
    case "restore":
      return planRestore(context, spec.module, spec.paths);
    case "go-back":
      return planGoBack(context, folderFromPath(spec.folder), spec.at);
    case "undo":
      return planUndo(context, spec.task);
    case "free":
      throw new Error("Not a change of documents.");
  }
}
