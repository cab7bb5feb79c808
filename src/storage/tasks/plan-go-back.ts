/** The plan that makes documents what they were at a moment. */

import { documentFromPath, formatPath, type NodePath } from "../../core/path";
import { HOUR_MS } from "../../core/time";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import { versionAt } from "../versions/history";
import { listBodyPages, type StoredBody } from "../versions/stored-bodies";
import { isKnown } from "./plan-free";
import type { PageEnd, PlanContext, PlannedDocument } from "./plan-steps";
import type { PlannedChange } from "./task";

/** How far apart the upload of a body and its commit may be. Where they are not, uploads decide. */
const COMMIT_DISTANCE_MS = HOUR_MS;

/** Whatever is below the folder and differs from what it was. */
export async function* planGoBack(
  { env, journal, task }: PlanContext,
  folder: NodePath,
  at: number,
): AsyncGenerator<PlannedDocument | PageEnd, void> {
  const writtenAt = new Map<string, number>();
  const newVersions = new Set<string>();
  for (const { version, at: time, isNew } of journal.putsBetween(
    at - COMMIT_DISTANCE_MS,
    Infinity,
  )) {
    if (time <= at + COMMIT_DISTANCE_MS) writtenAt.set(version, time);
    if (isNew) newVersions.add(version);
  }
  const deletedAt = new Map<string, number>();
  const addDeletions = (since: number) => {
    for (const fact of journal.deletionsBelow(folder, since)) deletedAt.set(fact.version, fact.at);
  };
  addDeletions(0);
  const facts = {
    isNew: (version: string) => newVersions.has(version),
    writtenAt: (version: string) => writtenAt.get(version),
    deletedAt: (version: string) => deletedAt.get(version),
  };
  const isDeletedSince = ({ version }: StoredBody) =>
    (deletedAt.get(version) ?? 0) > task.startedAt;
  for await (const page of listBodyPages(env.BODIES, task.account, task.cursor)) {
    const documents = page.documents
      .filter(isKnown)
      .filter(({ path }) => path.startsWith(formatPath(folder)));
    const nodes = documents.map(({ path }) => documentFromPath(path));
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    // What is not in the rows any more may have been deleted while the task goes on.
    addDeletions(task.startedAt);
    for (const { path, end: cursor, bodies } of documents) {
      const row = rows.get(path) ?? null;
      const current = row && { version: row.version, since: row.modified };
      const wanted = versionAt(bodies, { ...facts, current }, at);
      const isChangedMeanwhile = row ? row.modified > task.startedAt : bodies.some(isDeletedSince);
      if (wanted === "lost") yield { left: { path, code: "not-found" }, cursor };
      else if (wanted?.version === row?.version) yield { cursor };
      else if (isChangedMeanwhile) yield { left: { path, code: "precondition-failed" }, cursor };
      else yield { change: changeTo(path, row, wanted), cursor };
    }
    yield { isPageEnd: true, cursor: page.end };
  }
}

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
