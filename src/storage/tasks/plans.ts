/** The plans of tasks: which documents they change, a few at a time, so that they can be resumed. */

import { documentFromPath, folderFromPath, formatPath, type NodePath } from "../../core/path";
import { HOUR_MS } from "../../core/time";
import type { Env } from "../../env";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import { loadSubtreePage } from "../db/subtree";
import { gracePeriodMs } from "../expiry";
import { versionAt } from "../history";
import type { RowKey } from "../row-keys";
import { type DocumentBodies, listBodyPages, type StoredBody } from "../stored-bodies";
import type { Journal } from "./journal";
import type { Move, PlannedChange, PlanStep, Task, TaskEntry } from "./task";

/** What a plan needs. */
export interface PlanContext {
  env: Env;
  journal: Journal;
  task: Task;
  /** Documents in one step, as many as one alarm may change. */
  stepSize: number;
  /** The log of the task that is taken back, from its end. */
  entriesBackwards: (task: string, after: string | null) => Iterable<[cursor: string, TaskEntry]>;
}

/** The plan of a task, from its cursor. */
export function planOf(context: PlanContext): AsyncGenerator<PlanStep, void> {
  const { spec } = context.task;
  switch (spec.kind) {
    case "delete":
      return planSubtrees(context, spec.paths, (document) => deletionOf(document));
    case "move":
      return planSubtrees(
        context,
        spec.moves.map(({ from }) => from),
        (document, root) => moveOf(document, spec.moves.find(({ from }) => from === root) as Move),
      );
    case "restore":
      return planRestore(context, spec.module, spec.paths);
    case "go-back":
      return planGoBack(context, folderFromPath(spec.folder), spec.at);
    case "undo":
      return planUndo(context, spec.task);
    case "free":
      return planFree(context, spec);
  }
}

/** A document as it is now. */
interface CurrentDocument {
  path: string;
  version: string;
  type: string;
  length: number;
}

const deletionOf = ({ path, version, type, length }: CurrentDocument): PlannedChange => ({
  path,
  before: { version, type },
  source: null,
  length,
});

const moveOf = (document: CurrentDocument, { from, to }: Move): PlannedChange => ({
  path: to + document.path.slice(from.length),
  before: null,
  source: document,
  length: document.length,
  movedFrom: document,
});

/** The documents at or below the paths, in their order. */
async function* planSubtrees(
  { env, task, stepSize }: PlanContext,
  roots: string[],
  change: (document: CurrentDocument, root: string) => PlannedChange,
): AsyncGenerator<PlanStep, void> {
  const start = task.cursor === null ? null : (JSON.parse(task.cursor) as SubtreeCursor);
  for (let index = start?.index ?? 0; index < roots.length; index++) {
    const root = roots[index] as string;
    if (!root.endsWith("/")) {
      const rows = await loadDocumentRows(env.DB, task.account, [documentFromPath(root)]);
      const changes = [...rows].map(([path, row]) => change({ path, ...row }, root));
      yield { changes, looked: 1, cursor: JSON.stringify({ index: index + 1, position: null }) };
      continue;
    }
    let position = (index === start?.index && start.position) || null;
    do {
      const folder = folderFromPath(root);
      const page = await loadSubtreePage(env.DB, task.account, folder, position, stepSize);
      // What was written since the task began is not what the user has seen.
      const documents = page.documents.filter(({ modified }) => modified <= task.startedAt);
      const changes = documents.map((document) =>
        change({ ...document, path: document.parent + document.name }, root),
      );
      position = page.next;
      const cursor: SubtreeCursor =
        position === null ? { index: index + 1, position: null } : { index, position };
      yield { changes, looked: page.documents.length, cursor: JSON.stringify(cursor) };
    } while (position !== null);
  }
}

interface SubtreeCursor {
  index: number;
  position: RowKey | null;
}

/** Deleted documents of a module, the latest deletion of each. */
async function* planRestore(
  { env, journal, task, stepSize }: PlanContext,
  module: string,
  paths: string[] | null,
): AsyncGenerator<PlanStep, void> {
  const isWanted = (path: string) => paths === null || isAtOrBelow(path, paths);
  const latest = new Map<string, { path: string; version: string; type: string; length: number }>();
  for (const deletion of journal.deletions(module)) {
    if (deletion.at > task.startedAt || !isWanted(deletion.path)) continue;
    if (!latest.has(deletion.path)) latest.set(deletion.path, deletion);
  }
  const ordered = [...latest.values()];
  for (let start = Number(task.cursor ?? 0); start < ordered.length; start += stepSize) {
    const part = ordered.slice(start, start + stepSize);
    const rows = await loadDocumentRows(
      env.DB,
      task.account,
      part.map(({ path }) => documentFromPath(path)),
    );
    const changes = part
      .filter(({ path }) => !rows.has(path))
      .map(
        ({ path, version, type, length }): PlannedChange => ({
          path,
          before: null,
          source: { path, version, type },
          length,
        }),
      );
    yield { changes, looked: part.length, cursor: String(start + part.length) };
  }
}

/** How far apart the upload of a body and its commit may be. Where they are not, uploads decide. */
const COMMIT_DISTANCE_MS = HOUR_MS;

/** Whatever is below the folder and differs from what it was. */
async function* planGoBack(
  { env, journal, task, stepSize }: PlanContext,
  folder: NodePath,
  at: number,
): AsyncGenerator<PlanStep, void> {
  const writtenAt = new Map<string, number>();
  for (const fact of journal.puts(null)) {
    if (Math.abs(fact.at - at) < COMMIT_DISTANCE_MS) writtenAt.set(fact.version, fact.at);
  }
  const deletedAt = new Map<string, number>();
  for (const fact of journal.deletionsBelow(folder)) deletedAt.set(fact.version, fact.at);
  const facts = {
    writtenAt: (version: string) => writtenAt.get(version),
    deletedAt: (version: string) => deletedAt.get(version),
  };
  for await (const page of listBodyPages(env.BODIES, task.account, task.cursor)) {
    const documents = page.documents.filter(({ path }) => path?.startsWith(formatPath(folder)));
    const nodes = documents.map(({ path }) => documentFromPath(path as string));
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    let step = emptyStep();
    for (const { path, prefix, bodies } of documents as (DocumentBodies & { path: string })[]) {
      const row = rows.get(path) ?? null;
      const current = row && { version: row.version, since: row.modified };
      const wanted = versionAt(bodies, { ...facts, current }, at);
      const isChangedMeanwhile =
        (row?.modified ?? 0) > task.startedAt ||
        (row === null &&
          bodies.some(({ version }) => (deletedAt.get(version) ?? 0) > task.startedAt));
      step.looked++;
      if (wanted?.version === row?.version) continue;
      if (isChangedMeanwhile) step.conflicts.push(path);
      else step.changes.push(changeTo(path, row, wanted));
      if (step.changes.length === stepSize) {
        yield { ...step, cursor: `${prefix}/${bodies.at(-1)?.version}` };
        step = emptyStep();
      }
    }
    yield { ...step, cursor: page.lastKey };
  }
}

const emptyStep = () => ({
  changes: [] as PlannedChange[],
  conflicts: [] as string[],
  looked: 0,
});

const changeTo = (
  path: string,
  row: IndexedDocument | null,
  wanted: StoredBody | null,
): PlannedChange => ({
  path,
  before: row && { version: row.version, type: row.type },
  source: wanted && {
    path,
    version: wanted.version,
    type: wanted.type ?? "application/octet-stream",
  },
  length: (wanted ?? row)?.length ?? 0,
});

/** The changes of a task in reverse, the last one first. */
async function* planUndo(
  { task, stepSize, entriesBackwards }: PlanContext,
  undone: string,
): AsyncGenerator<PlanStep, void> {
  let step = emptyStep();
  let cursor = task.cursor ?? "";
  for (const [position, entry] of entriesBackwards(undone, task.cursor)) {
    cursor = position;
    step.looked++;
    if (entry.outcome !== "conflict" && entry.outcome !== "failed") {
      const { path, before, after, bytes } = entry;
      step.changes.push({
        path,
        before: after,
        source: before && { path, ...before },
        length: bytes,
      });
    }
    if (step.changes.length === stepSize) {
      yield { ...step, cursor };
      step = emptyStep();
    }
  }
  yield { ...step, cursor };
}

/** The versions at or below the paths that may be deleted for ever. */
async function* planFree(
  { env, journal, task }: PlanContext,
  { what, paths }: { what: "versions" | "deleted"; paths: string[] },
): AsyncGenerator<PlanStep, void> {
  const isWanted = (path: string | null) => path !== null && isAtOrBelow(path, paths);
  const committed = new Set<string>();
  for (const { version, at } of journal.puts(null)) {
    if (at > task.startedAt - COMMIT_DISTANCE_MS) committed.add(version);
  }
  for await (const page of listBodyPages(env.BODIES, task.account, task.cursor)) {
    const documents = page.documents.filter((document) => isWanted(document.path));
    const nodes = documents.map((document) => documentFromPath(document.path as string));
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    const bodies = documents
      .filter((document) => rows.has(document.path as string) === (what === "versions"))
      .flatMap((document) => {
        const path = document.path as string;
        const row = rows.get(path);
        return document.bodies
          .filter(({ version }) => version !== row?.version)
          .map((body) => ({ ...body, path }));
      })
      .filter((body) => isSettled(body, committed, task.startedAt));
    yield { changes: [], bodies, looked: documents.length, cursor: page.lastKey };
  }
}

const isAtOrBelow = (path: string, roots: string[]): boolean =>
  roots.some((root) => (root.endsWith("/") ? path.startsWith(root) : path === root));

/** Whether no row will ever name a body again, given that none names it now: `storage/sweep.ts`. */
const isSettled = (body: StoredBody, committed: Set<string>, now: number): boolean =>
  committed.has(body.version) || body.uploadedAt + gracePeriodMs(body) <= now;
