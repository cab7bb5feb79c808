/** What the journal of a user's commits knows: `user-object/commit-journal.ts` keeps it. */

import type { NodePath } from "../../core/path";

/** When a version became the document, and who wrote it. */
export interface PutFact {
  /** `documentId` of the path. */
  document: string;
  /** `moduleId` of its module. */
  module: string;
  version: string;
  /** Milliseconds since 1970. */
  at: number;
  /** The origin or the label of the app; null: the user, on the pages. */
  app: string | null;
  /** Whether there was no such document before. */
  isNew: boolean;
}

/** A document that was deleted, as it was before. */
export interface DeletionFact {
  /** `documentId` of the path. */
  document: string;
  path: string;
  version: string;
  type: string;
  /** Bytes. */
  length: number;
  /** When it was deleted, milliseconds since 1970. */
  at: number;
  /** Who deleted it: as in a `PutFact`; undefined: the sweep has noticed it, so it was deleted before `at`. */
  app: string | null | undefined;
}

/** The facts that are recorded. Some may be missing. */
export interface Journal {
  /** The facts of all commits from one time to another (milliseconds since 1970), the latest first. */
  putsBetween(from: number, to: number): Iterable<PutFact>;
  /** The documents of a module that were deleted, the latest first. They may have been written again. */
  deletions(module: string): Iterable<DeletionFact>;
  /** The deletions of documents below a folder since a time (milliseconds since 1970), in no order. */
  deletionsBelow(folder: NodePath, since: number): Iterable<DeletionFact>;
}

/** A deletion in the list of a module. */
export interface DeletionPosition {
  /** Milliseconds since 1970. */
  at: number;
  /** The version that was deleted. */
  id: string;
}

/**
 * The latest of each document's deletions, which come the latest first: those after a position (null: from
 * the first). If the position itself is gone, those that are older.
 */
export function* latestOfEach(
  deletions: Iterable<DeletionFact>,
  after: DeletionPosition | null,
): Generator<DeletionFact, void> {
  const seen = new Set<string>();
  let isBefore = after !== null;
  for (const fact of deletions) {
    if (after !== null && fact.at < after.at) isBefore = false;
    const isNew = !seen.has(fact.document);
    seen.add(fact.document);
    if (isNew && !isBefore) yield fact;
    if (fact.version === after?.id) isBefore = false;
  }
}
