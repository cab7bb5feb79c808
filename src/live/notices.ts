/** What a listener is told of changes. Pure. */

import type { ServerMessage, WatchedFolder } from "./messages";

/** A change of a document that is to be told. */
export interface ChangeNotice {
  path: string;
  /** The version of the document, if it is there, and of all folders above it. */
  version: string;
  isDeleted: boolean;
}

/** Documents in one message. */
const MAX_DOCUMENTS = 100;

/** The versions of all folders above the changed documents, by path. */
export function folderVersions(changes: ChangeNotice[]): Map<string, string> {
  const versions = new Map<string, string>();
  for (const { path, version } of changes) {
    for (let end = 0; end !== -1; end = path.indexOf("/", end + 1)) {
      versions.set(path.slice(0, end + 1), version);
    }
  }
  return versions;
}

/**
 * The message for a listener that watches these folders; null: there is nothing to tell. If `changes` is null, it is
 * not known which documents have changed.
 */
export function noticeOf(
  watched: WatchedFolder[],
  versions: Map<string, string>,
  changes: ChangeNotice[] | null,
): ServerMessage | null {
  const changed = watched.filter(({ path }) => versions.has(path));
  if (changed.length === 0) return null;
  const folders = changed.map(({ path }) => ({ path, ETag: versions.get(path) as string }));
  const detailed = changed.filter(({ documents }) => documents);
  if (detailed.length === 0 || changes === null) return { type: "changed", folders };
  const documents = changedDocuments(detailed, changes);
  const isIncomplete = documents.length > MAX_DOCUMENTS;
  return {
    type: "changed",
    folders,
    documents: documents.slice(0, MAX_DOCUMENTS),
    ...(isIncomplete ? { incomplete: true } : {}),
  };
}

function changedDocuments(
  folders: WatchedFolder[],
  changes: ChangeNotice[],
): { path: string; ETag: string | null }[] {
  const below = changes.filter((change) =>
    folders.some(({ path }) => change.path.startsWith(path)),
  );
  const latest = new Map(
    below.map(({ path, version, isDeleted }) => [path, isDeleted ? null : version]),
  );
  return [...latest].map(([path, ETag]) => ({ path, ETag }));
}
