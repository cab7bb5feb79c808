/** What all plans of tasks share: what they need, and how they are cut into steps. */

import type { Env } from "../../env";
import type { Journal } from "./journal";
import type { LeftDocument, PlannedChange, PlanStep, Task, TaskEntry } from "./task";

/** What a plan needs. */
export interface PlanContext {
  env: Env;
  journal: Journal;
  task: Task;
  /** Documents in one step. */
  stepSize: number;
  /** The log of the task that is taken back, from its end. */
  entriesBackwards: (task: string, after: string | null) => Iterable<[cursor: string, TaskEntry]>;
}

/** Documents that a plan loads at once. */
export const PLAN_PAGE_DOCUMENTS = 200;

/** A document that a plan has looked at. */
export interface PlannedDocument {
  /** Undefined: it stays as it is. */
  change?: PlannedChange | undefined;
  /** Why it is left as it is, though it should change. */
  left?: LeftDocument;
  /** Where the plan goes on after it. */
  cursor: string;
}

/** After the last document of a page: the step ends here, so that a plan of many pages can pause. */
export interface PageEnd {
  isPageEnd: true;
  cursor: string;
}

/** Puts documents together to steps: `size` of those that change or are left as they are, or a page. */
export async function* toSteps(
  documents: AsyncIterable<PlannedDocument | PageEnd>,
  size: number,
): AsyncGenerator<PlanStep, void> {
  let step = emptyStep();
  for await (const document of documents) {
    step.cursor = document.cursor;
    if (!("isPageEnd" in document)) {
      step.looked++;
      if (document.change) step.changes.push(document.change);
      if (document.left) step.left.push(document.left);
      if (step.changes.length + step.left.length < size) continue;
    }
    yield step;
    step = emptyStep();
  }
  if (step.looked > 0) yield step;
}

const emptyStep = () => ({
  changes: [] as PlannedChange[],
  left: [] as LeftDocument[],
  looked: 0,
  cursor: "",
});

/** Whether a path is one of the roots, or below one that is a folder. */
export const isAtOrBelow = (path: string, roots: string[]): boolean =>
  roots.some((root) => (root.endsWith("/") ? path.startsWith(root) : path === root));
