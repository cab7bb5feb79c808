/** Requests that read and write databases as a whole, as the Worker passes them to the module's object. */

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
  | { kind: "upload"; length: number };

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
