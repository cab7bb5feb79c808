/** The plan that makes documents what they were at a moment. */

import { documentFromPath, formatPath, type NodePath } from "../../core/path";
import { HOUR_MS } from "../../core/time";
import { type IndexedDocument, loadDocumentRows } from "../db/rows";
import { versionAt } from "../versions/history";
import { type BodyPage, listBodyPages, type StoredBody } from "../versions/stored-bodies";
import { isKnown } from "./plan-free";
import type { PageEnd, PlanContext, PlannedDocument } from "./plan-steps";
import type { PlannedChange } from "./task";

/** How far apart the upload of a body and its commit may be. Where they are not, uploads decide. */
const COMMIT_DISTANCE_MS = HOUR_MS;

/** Where the plan goes on. It is stored under these names. */
interface GoBackCursor {
  part: Part;
  /** The key of a body; null: from the first. */
  after: string | null;
}

/** What comes first is deleted: a document may be where a folder was, or the other way round. */
type Part = "deletions" | "others";

/** Whatever is below the folder and differs from what it was. */
export async function* planGoBack(
  { env, journal, task }: PlanContext,
  folder: NodePath,
  at: number,
): AsyncGenerator<PlannedDocument | PageEnd, void> {
  const writtenAt = new Map<string, number>();
  const newVersions = new Set<string>();
  const writtenBefore = new Set<string>();
  for (const { document, version, at: time, isNew } of journal.putsBetween(0, Infinity)) {
    if (Math.abs(time - at) <= COMMIT_DISTANCE_MS) writtenAt.set(version, time);
    if (time <= at) writtenBefore.add(document);
    else if (isNew) newVersions.add(version);
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
  const start = task.cursor === null ? null : (JSON.parse(task.cursor) as GoBackCursor);
  if (start?.part !== "others") yield* planPart("deletions", start?.after ?? null);
  yield* planPart("others", start?.part === "others" ? start.after : null);

  async function* planPart(part: Part, after: string | null) {
    const cursorAt = (key: string) => JSON.stringify({ part, after: key } satisfies GoBackCursor);
    for await (const page of listBodyPages(env.BODIES, task.account, after)) {
      for (const document of await findDifferent(page)) {
        const isDeletion = document.wanted === null;
        if (isDeletion === (part === "deletions")) {
          yield { ...planned(document), cursor: cursorAt(document.end) };
        }
      }
      yield { isPageEnd: true, cursor: cursorAt(page.end) } as const;
    }
  }

  /** The documents of a page that exist, or are to exist, with what they are to be. */
  async function findDifferent({ documents }: BodyPage): Promise<DatedDocument[]> {
    const known = documents
      .filter(isKnown)
      .filter(({ path, extent }) => extent !== "rest" && path.startsWith(formatPath(folder)));
    const nodes = known.map(({ path }) => documentFromPath(path));
    const rows = await loadDocumentRows(env.DB, task.account, nodes);
    // What is not in the rows any more may have been deleted while the task goes on.
    addDeletions(task.startedAt);
    return known.flatMap(({ path, prefix, end, bodies, extent }) => {
      const row = rows.get(path) ?? null;
      const current = row && { version: row.version, since: row.modified };
      const wasWritten = writtenBefore.has(prefix.slice(prefix.indexOf("/") + 1));
      const isWhole = extent === "all";
      const wanted = isWhole ? versionAt(bodies, { ...facts, current, wasWritten }, at) : "unknown";
      if (row === null && wanted === null) return [];
      // Of a document with very many versions only that it has not changed since is certain.
      if (!isWhole && row !== null && row.modified <= at) return [];
      const isChangedSince = row ? row.modified > task.startedAt : bodies.some(isDeletedSince);
      return [{ path, end, row, wanted, isChangedSince }];
    });
  }
}

/** A document that exists now, or did at the moment. */
interface DatedDocument {
  path: string;
  /** The key after its bodies. */
  end: string;
  row: IndexedDocument | null;
  wanted: StoredBody | "lost" | "unknown" | null;
  /** Whether others have changed it since the task began. */
  isChangedSince: boolean;
}

function planned({
  path,
  row,
  wanted,
  isChangedSince,
}: DatedDocument): Pick<PlannedDocument, "left" | "change"> {
  if (wanted === "lost") return { left: { path, code: "not-found" } };
  if (wanted === "unknown") return { left: { path, code: "too-many-versions" } };
  if (wanted?.version === row?.version) return {};
  if (isChangedSince) return { left: { path, code: "precondition-failed" } };
  return { change: changeTo(path, row, wanted) };
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
