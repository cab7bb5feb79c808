/** Requests that read and write databases as a whole, as the Worker passes them to the module's object. */

import type { AttachmentKey } from "../tables/attachments";

/** Which collection, in which version of its schema. */
export interface CollectionName {
  database: string;
  collection: string;
  version: number;
}

/** A request of `docs/databases.md`. */
export type TransferRequest =
  | { kind: "list" }
  | { kind: "describe"; of: CollectionName }
  /** `schema`: JSON. */
  | { kind: "create"; of: CollectionName; schema: string }
  /** Documents that were written after `since`, and not after `until` unless it is null. */
  | { kind: "read"; of: CollectionName; since: number; until: number | null }
  | { kind: "attachment"; of: CollectionName; document: string; name: string; digest: string }
  | { kind: "write"; of: CollectionName; documents: DocumentsToWrite }
  | { kind: "upload"; length: number }
  /** Of the server itself, for an archive: `archive-pages.ts`. */
  | { kind: "plan"; range: DatabaseRange; limits: PartLimits }
  | { kind: "page"; range: DatabaseRange };

/** A position among all documents of a module: collection by collection, and in the order of their writes. */
export interface DatabasePosition {
  /** Its number in the module's object. */
  collection: number;
  /** Of the last write that comes before the position; 0: there is none. */
  seq: number;
}

/** Databases of a module: after a position, up to one inclusive; null: no bound. */
export interface DatabaseRange {
  after: DatabasePosition | null;
  until: DatabasePosition | null;
}

/** What a part of an archive may have. */
export interface PartLimits {
  /** Calls that read pages and attachments. */
  calls: number;
  /** Attachments of one document: one with more is left out. */
  attachments: number;
}

/** A part of the databases of a module, after the one before it. */
export interface PlannedPart {
  /** Null: to the end. */
  until: DatabasePosition | null;
  /** Calls that read it: one for each page, and one for each attachment. */
  calls: number;
}

/** Collections, with some of their documents. */
export interface DatabasePage {
  collections: DatabasePageCollection[];
  /** Where the next page begins; null: there is none. */
  next: DatabasePosition | null;
}

/** A collection of a page. */
export interface DatabasePageCollection extends CollectionName {
  schema: unknown;
  /** Of its latest write. */
  seq: number;
  documents: unknown[];
  /** Of the write that made each document. */
  seqs: number[];
  /** Of these documents. */
  attachments: AttachmentKey[];
}

/** Documents to write, and how. */
export interface DocumentsToWrite {
  /** The body of the request. */
  json: string;
  onConflict: "keep" | "replace";
  isDryRun: boolean;
}

/** Whether a request may change something. */
export const isWrite = (request: TransferRequest): boolean =>
  request.kind === "write"
    ? !request.documents.isDryRun
    : request.kind === "create" || request.kind === "upload";

/** What the object answers. */
export type TransferAnswer =
  | { kind: "json"; json: string; isNew: boolean }
  | { kind: "bytes"; bytes: Uint8Array }
  /** The bytes are in R2, or are to be written there. */
  | { kind: "body"; r2Key: string; json: string };
