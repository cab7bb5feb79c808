/** The plans that delete or move documents, and all documents below folders. */

import { documentFromPath, folderFromPath } from "../../core/path";
import type { Env } from "../../env";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import { loadSubtreePage } from "../db/subtree";
import { type RowKey, rowKey } from "../row-keys";
import {
  type PageEnd,
  PLAN_PAGE_DOCUMENTS,
  type PlanContext,
  type PlannedDocument,
} from "./plan-steps";
import type { Move, Task } from "./task";

/** Deletes the documents at or below the paths. */
export async function* planDeletion(
  context: PlanContext,
  paths: string[],
): AsyncGenerator<PlannedDocument | PageEnd, void> {
  for await (const page of subtreePages(context, paths)) {
    for (const { path, cursor, ...document } of page.documents) {
      const { version, type, length } = document;
      yield isWrittenSince(context.task, document)
        ? { left: { path, code: "precondition-failed" }, cursor }
        : { change: { path, before: { version, type }, source: null, length }, cursor };
    }
    yield { isPageEnd: true, cursor: page.end };
  }
}

/** Moves the documents at or below the paths. One whose new path is taken stays where it is. */
export async function* planMoves(
  context: PlanContext,
  moves: Move[],
): AsyncGenerator<PlannedDocument | PageEnd, void> {
  const { env, task } = context;
  const roots = moves.map(({ from }) => from);
  for await (const page of subtreePages(context, roots)) {
    const { from, to } = moves[page.root] as Move;
    const newPathOf = (path: string) => to + path.slice(from.length);
    const targets = page.documents.map(({ path }) => documentFromPath(newPathOf(path)));
    const taken = await loadDocumentRows(env.DB, task.account, targets);
    for (const { path, cursor, ...document } of page.documents) {
      const { version, type, length } = document;
      const newPath = newPathOf(path);
      const original = { path, version, type };
      const code = isWrittenSince(task, document) ? "precondition-failed" : "taken";
      yield code !== "taken" || taken.has(newPath)
        ? { left: { path, code }, cursor }
        : {
            change: {
              path: newPath,
              before: null,
              source: original,
              length,
              movedFrom: original,
            },
            cursor,
          };
    }
    yield { isPageEnd: true, cursor: page.end };
  }
}

/** What was written since the task began is not what the user has seen. */
const isWrittenSince = ({ startedAt }: Task, { modified }: IndexedDocument): boolean =>
  modified > startedAt;

/** Some of the documents at or below a path. */
interface Page {
  /** Which of the roots they belong to. */
  root: number;
  documents: (IndexedDocument & { path: string; cursor: string })[];
  /** The cursor after all of them. */
  end: string;
}

/** Where a plan goes on: the root, and the position below it. It is stored under these names. */
interface SubtreeCursor {
  root: number;
  position: RowKey | null;
}

async function* subtreePages(
  { env, task }: PlanContext,
  roots: string[],
): AsyncGenerator<Page, void> {
  const start = task.cursor === null ? null : (JSON.parse(task.cursor) as SubtreeCursor);
  for (let root = start?.root ?? 0; root < roots.length; root++) {
    const path = roots[root] as string;
    if (!path.endsWith("/")) {
      yield await documentPage(env, task, path, root);
      continue;
    }
    let position = root === start?.root ? start.position : null;
    do {
      const folder = folderFromPath(path);
      const page = await loadSubtreePage(
        env.DB,
        task.account,
        folder,
        position,
        PLAN_PAGE_DOCUMENTS,
      );
      const documents = page.documents.map(({ parent, name, ...document }) => {
        const own = rowKey({ kind: "document", parent, name });
        return { ...document, path: parent + name, cursor: cursorAfter(root, own) };
      });
      position = page.next;
      yield { root, documents, end: cursorAfter(position === null ? root + 1 : root, position) };
    } while (position !== null);
  }
}

async function documentPage(env: Env, task: Task, path: string, root: number): Promise<Page> {
  const rows = await loadDocumentRows(env.DB, task.account, [documentFromPath(path)]);
  const end = cursorAfter(root + 1, null);
  return { root, documents: [...rows].map(([, row]) => ({ ...row, path, cursor: end })), end };
}

const cursorAfter = (root: number, position: RowKey | null): string =>
  JSON.stringify({ root, position });
