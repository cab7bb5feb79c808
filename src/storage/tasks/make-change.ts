/** Makes the changes that a task has planned, and says what became of each. */

import { documentFromPath } from "../../core/path";
import type { Outcome, Refusal } from "../../core/refusals";
import { randomId } from "../../core/secrets";
import type { Env } from "../../env";
import type { CommitResult } from "../commit";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import type { Commit, DocumentWriter } from "../documents";
import { type CopyRequest, copyDocument, type DocumentVersion } from "./document-copy";
import type { PlannedChange, TaskEntry } from "./task";

/** A change with the version that it gives the document, the same in each attempt. */
export type VersionedChange = PlannedChange & { version: string };

/** The documents that changes are about, as the index has them, by path. */
export type CurrentRows = ReadonlyMap<string, IndexedDocument>;

/** What making changes needs. */
export interface ChangeContext {
  env: Env;
  writer: DocumentWriter;
  commit: Commit;
  clock: () => number;
  /** For changes that an earlier attempt may have made: what it has left; null: this is the first one. */
  left: CurrentRows | null;
}

/** Loads the documents that changes are about. */
export const loadRowsOf = (
  env: Env,
  account: string,
  changes: PlannedChange[],
): Promise<CurrentRows> => {
  const paths = changes.flatMap(({ path, movedFrom }) => [
    path,
    ...(movedFrom ? [movedFrom.path] : []),
  ]);
  return loadDocumentRows(env.DB, account, paths.map(documentFromPath));
};

/** Changes that are made at once. R2 allows an invocation six connections. */
const PARALLEL = 5;

/**
 * Makes changes, some at a time: `makeChange` of each, in their order. Deletions come first, because what
 * is deleted may be a document where another change needs a folder, or the other way round.
 */
export async function makeChanges(
  context: ChangeContext,
  changes: VersionedChange[],
): Promise<(TaskEntry | null)[]> {
  const entries: (TaskEntry | null)[] = [];
  const makeAll = async (queue: [index: number, change: VersionedChange][]) => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [index, change] = next;
      entries[index] = await makeChange(context, change);
    }
  };
  for (const isDeletion of [true, false]) {
    const queue = [...changes.entries()].filter(
      ([, { source }]) => (source === null) === isDeletion,
    );
    await Promise.all(Array.from({ length: PARALLEL }, () => makeAll(queue)));
  }
  return entries;
}

/**
 * Makes a change, unless an earlier attempt has. Returns what became of it; null: it is not known, or the
 * platform did not answer, so it has to be tried again.
 */
async function makeChange(
  context: ChangeContext,
  change: VersionedChange,
): Promise<TaskEntry | null> {
  const { path, before, source, version, movedFrom } = change;
  if (!isMade(context.left, change)) {
    const outcome = await copy(context, {
      source,
      path,
      expected: before?.version ?? null,
      version,
    });
    if (!outcome.ok) {
      if (isUndecided(outcome.refusal)) return null;
      // It was there when it was planned: the first attempt may have arrived late.
      const isGone = source === null && isMissing(outcome.refusal) && context.left !== null;
      if (!isGone) return leftEntry(change, codeOf(change, outcome.refusal));
    }
  }
  return movedFrom === undefined ? changeEntry(change) : deleteOriginal(context, change, movedFrom);
}

/**
 * The second half of a move. An original that was changed or deleted meanwhile stays as it is, and the copy
 * is deleted again: the document was not moved.
 */
async function deleteOriginal(
  context: ChangeContext,
  change: VersionedChange,
  original: DocumentVersion,
): Promise<TaskEntry | null> {
  const isGone = context.left !== null && !context.left.has(original.path);
  if (isGone) return changeEntry(change);
  const deleted = await deleteVersion(context, original);
  if (deleted.ok) return changeEntry(change);
  if (isUndecided(deleted.refusal)) return null;
  if (isMissing(deleted.refusal) && context.left !== null) return changeEntry(change);
  const { path, version, source } = change;
  const undone = await deleteVersion(context, { path, version, type: source?.type ?? "" });
  return !undone.ok && isUndecided(undone.refusal) ? null : leftEntry(change, deleted.refusal.code);
}

const deleteVersion = (
  context: ChangeContext,
  { path, version }: DocumentVersion,
): Promise<Outcome<CommitResult>> =>
  copy(context, { source: null, path, expected: version, version: randomId() });

const copy = (
  { env, writer, commit, clock, left }: ChangeContext,
  request: Omit<CopyRequest, "isRepeated">,
): Promise<Outcome<CommitResult>> =>
  copyDocument(env, writer, { ...request, isRepeated: left !== null }, commit, clock);

const isMade = (left: CurrentRows | null, { path, source, version }: VersionedChange): boolean =>
  left !== null && (source === null ? !left.has(path) : left.get(path)?.version === version);

const isUndecided = ({ code }: Refusal): boolean =>
  code === "unavailable" || code === "unknown-outcome";

/** Whether a document that is to be deleted does not exist. */
const isMissing = (refusal: Refusal): boolean =>
  refusal.code === "precondition-failed" && refusal.version === null;

/** Where a document was to be created, another one that is there has not been changed by anybody. */
const codeOf = ({ before, source }: PlannedChange, { code }: Refusal): string =>
  code === "precondition-failed" && before === null && source !== null ? "taken" : code;

/** The entry of a change that is made, or would be. */
export function changeEntry(change: PlannedChange & { version?: string }): TaskEntry {
  const { path, before, source, version, length, movedFrom } = change;
  return {
    path,
    outcome: outcomeOf(change),
    bytes: length,
    before,
    after: source && version !== undefined ? { version, type: source.type } : null,
    ...(movedFrom && { from: movedFrom }),
  };
}

const outcomeOf = ({ source, before, movedFrom }: PlannedChange): TaskEntry["outcome"] => {
  if (movedFrom) return "moved";
  if (source === null) return "deleted";
  return before === null ? "created" : "replaced";
};

const CONFLICTS = ["precondition-failed", "taken", "clash"];

/** The entry of a change that could not be made: of the document that is left as it was. */
export const leftEntry = (
  { path, before, movedFrom }: Pick<PlannedChange, "path" | "before" | "movedFrom">,
  code: string,
): TaskEntry => ({
  path: movedFrom?.path ?? path,
  outcome: CONFLICTS.includes(code) ? "conflict" : "failed",
  code,
  bytes: 0,
  before,
  after: before,
});
