/** The rows of many documents at once. */

import { formatPath, type NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { rowKey } from "../row-keys";

/** A document as the index has it now. */
export interface IndexedDocument {
  version: string;
  type: string;
  /** Bytes. */
  length: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** Of one parameter: D1 allows 2,000,000 bytes. */
const MAX_PATHS_BYTES = 1_000_000;

/** Loads the rows of documents, by path; documents without a row are left out. */
export async function loadDocumentRows(
  db: D1Database,
  account: string,
  documents: NodePath[],
): Promise<Map<string, IndexedDocument>> {
  const rows = new Map<string, IndexedDocument>();
  for (const part of splitByBytes(documents)) {
    const statement = selectDocumentRows(db, account, part);
    const { results } = await withRetry(() => statement.all<PositionedDocument>());
    for (const [path, row] of rowsByPath(part, results)) rows.set(path, row);
  }
  return rows;
}

/** A row of `selectDocumentRows`, and which of the documents it is. */
export type PositionedDocument = IndexedDocument & { position: number };

/** Selects the rows of documents whose paths fit into one parameter: 2,000,000 bytes as JSON. */
export function selectDocumentRows(
  db: D1Database,
  account: string,
  documents: NodePath[],
): D1PreparedStatement {
  const keys = documents.map(rowKey).map(({ parent, name }) => [parent, name]);
  return db
    .prepare(
      `SELECT d.key AS position, n.version, n.type, n.length, n.modified
       FROM json_each(?2) d CROSS JOIN nodes n
       WHERE n.account = ?1 AND n.parent = d.value ->> 0 AND n.name = d.value ->> 1`,
    )
    .bind(account, JSON.stringify(keys));
}

/** The rows that `selectDocumentRows` has found, by path. */
export const rowsByPath = (
  documents: NodePath[],
  rows: PositionedDocument[],
): Map<string, IndexedDocument> =>
  new Map(rows.map(({ position, ...row }) => [formatPath(documents[position] as NodePath), row]));

/** Splits documents so that the paths of each part fit into one parameter. */
function splitByBytes(documents: NodePath[]): NodePath[][] {
  const encoder = new TextEncoder();
  const parts: NodePath[][] = [];
  let partBytes = Number.POSITIVE_INFINITY;
  for (const document of documents) {
    const names = JSON.stringify([document.parent, document.name]);
    const bytes = encoder.encode(names).byteLength + 1;
    if (partBytes + bytes > MAX_PATHS_BYTES) {
      parts.push([]);
      partBytes = 0;
    }
    parts.at(-1)?.push(document);
    partBytes += bytes;
  }
  return parts;
}
