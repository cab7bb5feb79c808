/** Long work on the user's documents: what it is to do, and how far it has come. */

import type { DocumentVersion } from "./document-copy";

/** What a task is to do. Paths of folders end with a slash. */
export type TaskSpec =
  /** Deletes documents, and all documents below folders. */
  | { kind: "delete"; paths: string[] }
  /** Gives documents, or all documents below folders, other paths. */
  | { kind: "move"; moves: Move[] }
  /** Brings back deleted documents of a module: those at or below the paths, or all of them. */
  | { kind: "restore"; module: string; paths: string[] | null }
  /** Makes all documents below a folder what they were at a moment (milliseconds since 1970). */
  | { kind: "go-back"; folder: string; at: number }
  /** Takes back what another task did. */
  | { kind: "undo"; task: string }
  /** Deletes versions for ever: the earlier ones of documents, or those of deleted documents. */
  | { kind: "free"; what: "versions" | "deleted"; paths: string[] };

/** From the path of a document or folder to its new one. */
export interface Move {
  from: string;
  to: string;
}

/** A task: its state, and what it is to do. */
export interface Task extends TaskState {
  spec: TaskSpec;
}

/** What a task is about, in short. */
export interface TaskSubject {
  kind: TaskSpec["kind"];
  /** The first of the paths that the task is to change; "": it takes back another task. */
  path: string;
  /** How many more paths there are. */
  others: number;
  /** Where a move takes the first path; null: it is no move. */
  to: string | null;
  /** The task that is taken back; null: none. */
  undoes: string | null;
}

/** The paths of documents and folders that a task changes; none for one that takes back another. */
export function pathsOf(spec: TaskSpec): string[] {
  switch (spec.kind) {
    case "delete":
    case "free":
      return spec.paths;
    case "move":
      return spec.moves.map(({ from }) => from);
    case "restore":
      // "": what is outside of modules.
      return spec.paths ?? [spec.module === "" ? "/" : `/${spec.module}/`];
    case "go-back":
      return [spec.folder];
    case "undo":
      return [];
  }
}

/** The subject of a task. */
export function subjectOf(spec: TaskSpec): TaskSubject {
  const [path = "", ...others] = pathsOf(spec);
  return {
    kind: spec.kind,
    path,
    others: others.length,
    to: spec.kind === "move" ? (spec.moves[0]?.to ?? null) : null,
    undoes: spec.kind === "undo" ? spec.task : null,
  };
}

/** The state of a task, apart from its spec, which may be long. It is stored under these names. */
export interface TaskState {
  id: string;
  account: string;
  user: string;
  subject: TaskSubject;
  /** Only counts and lists what it would do. */
  isPreview: boolean;
  state: "running" | "paused" | "cancelled" | "done" | "failed";
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number | null;
  /** Documents or versions that it has looked at, and how many there are; null: not known. */
  looked: number;
  total: number | null;
  counts: TaskCounts;
  /** Bytes of the versions that were written, or deleted for ever. */
  bytes: number;
  /** The task that has taken this one back; null: none. */
  undoneBy: string | null;
  /** Where the plan goes on; null: at its beginning. */
  cursor: string | null;
  /** Entries of its log. */
  entries: number;
}

/** How many documents a task has changed, or why not. */
export interface TaskCounts {
  created: number;
  replaced: number;
  deleted: number;
  moved: number;
  /** Changed by others meanwhile: they were left as they are. */
  conflicts: number;
  failed: number;
}

/** A version of a document that is known, and its Content-Type. */
export type TypedVersion = Pick<DocumentVersion, "version" | "type">;

/** A change of one document that a task plans. */
export interface PlannedChange {
  path: string;
  /** What it must still be; null: it must not exist. */
  before: TypedVersion | null;
  /** What it becomes; null: it is deleted. */
  source: DocumentVersion | null;
  /** Bytes of `source`, or of the document that is deleted. */
  length: number;
  /** For a move: the original, which is deleted once the copy is made. */
  movedFrom?: DocumentVersion;
}

/** An entry of a task's log: a change that it has made, or could not make. */
export interface TaskEntry {
  path: string;
  /** `conflict`: changed by others meanwhile. `failed`: `code` says why. */
  outcome: "created" | "replaced" | "deleted" | "moved" | "conflict" | "failed";
  /** Of the refusal, or `taken`: another document has the path. */
  code?: string;
  bytes: number;
  /** The document before; null: there was none. */
  before: TypedVersion | null;
  /** The document after; null: it is deleted. */
  after: TypedVersion | null;
  /** Of a document that was moved: what it was before, and where. */
  from?: DocumentVersion;
}

/** A body that is to be deleted for ever. */
export interface FreedBody {
  /** Its R2 key. */
  key: string;
  path: string;
  version: string;
  /** Bytes. */
  length: number;
}

/** A document that a plan leaves as it is. */
export interface LeftDocument {
  path: string;
  /**
   * Others have changed it since the task began; its new path is taken; its version of then is not kept; it
   * has more versions than are compared.
   */
  code: "precondition-failed" | "taken" | "not-found" | "too-many-versions";
}

/** What a plan yields: changes to make, or bodies to delete for ever, and where to go on after them. */
export interface PlanStep {
  changes: PlannedChange[];
  /** Documents that are left as they are. */
  left?: LeftDocument[];
  bodies?: FreedBody[];
  looked: number;
  cursor: string;
}
