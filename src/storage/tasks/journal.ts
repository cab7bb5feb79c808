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
}

/** A document that was deleted, as it was before. */
export interface DeletionFact {
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
  /** The facts of a document's versions; of all documents if it is null. The latest first. */
  puts(document: string | null): Iterable<PutFact>;
  /** The documents of a module that were deleted, the latest first. They may have been written again. */
  deletions(module: string): Iterable<DeletionFact>;
  /** The deletions of documents below a folder, in no order. */
  deletionsBelow(folder: NodePath): Iterable<DeletionFact>;
}
