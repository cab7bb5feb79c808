/** The plan that brings back deleted documents. */

import { documentFromPath } from "../../core/path";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import { type DeletionFact, type DeletionPosition, latestOfEach } from "./journal";
import {
  isAtOrBelow,
  type PageEnd,
  PLAN_PAGE_DOCUMENTS,
  type PlanContext,
  type PlannedDocument,
} from "./plan-steps";

/** Brings back deleted documents of a module as they were before their latest deletions. */
export async function* planRestore(
  { env, journal, task }: PlanContext,
  module: string,
  paths: string[] | null,
): AsyncGenerator<PlannedDocument | PageEnd, void> {
  const after = task.cursor === null ? null : (JSON.parse(task.cursor) as DeletionPosition);
  let page: DeletionFact[] = [];
  for (const deletion of latestOfEach(journal.deletions(module), after)) {
    // What was deleted since the task began stays deleted.
    if (deletion.at > task.startedAt) continue;
    if (paths !== null && !isAtOrBelow(deletion.path, paths)) continue;
    page.push(deletion);
    if (page.length < PLAN_PAGE_DOCUMENTS) continue;
    yield* planPage(page);
    page = [];
  }
  yield* planPage(page);

  async function* planPage(deletions: DeletionFact[]): AsyncGenerator<PlannedDocument | PageEnd> {
    const nodes = deletions.map(({ path }) => documentFromPath(path));
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    for (const deletion of deletions) yield bringBack(deletion, rows.get(deletion.path));
    const last = deletions.at(-1);
    if (last) yield { isPageEnd: true, cursor: cursorAfter(last) };
  }
}

/** A document that exists again is left as it is. */
function bringBack(deletion: DeletionFact, row: IndexedDocument | undefined): PlannedDocument {
  const cursor = cursorAfter(deletion);
  if (row !== undefined) return { cursor };
  const { path, version, type, length } = deletion;
  return { change: { path, before: null, source: { path, version, type }, length }, cursor };
}

const cursorAfter = ({ at, version }: DeletionFact): string =>
  JSON.stringify({ at, id: version } satisfies DeletionPosition);
