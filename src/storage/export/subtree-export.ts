/** Exporting the documents below a folder, or some chosen ones: in parts, like an export of everything. */

import { Buffer } from "node:buffer";
import type { NodePath } from "../../core/path";
import type { Env } from "../../env";
import { listedPath, positionAfter } from "../browse";
import type { DocumentListing } from "../db/export";
import { loadDocumentRows } from "../db/rows";
import { loadSubtreePage } from "../db/subtree";
import type { RowKey } from "../row-keys";
import { maxGrownPart, maxPartDocuments } from "./export";

/** A part of the documents below a folder: after a position, up to one inclusive; null: no bound. */
export interface SubtreePart {
  after: RowKey | null;
  until: RowKey | null;
  documents: number;
}

/** Some of the parts of a folder. */
export interface SubtreeParts {
  parts: SubtreePart[];
  /** The position to list the next ones from; null: there are no more. */
  next: RowKey | null;
}

/** Rows of one query. */
const ROWS_PER_QUERY = 1000;

/** Queries of one request for a list of parts, each of which may need another one for long paths. */
const MAX_LIST_QUERIES = 5;

/** Parts that are listed at once. */
const MAX_LISTED_PARTS = 100;

/** Queries that find the documents of one part: few, where few documents fit into one. */
const maxPartQueries = (env: Env): number => 4 * Math.ceil(maxPartDocuments(env) / ROWS_PER_QUERY);

/** Lists the parts of a folder that come after a position (null: the first ones). */
export async function listSubtreeParts(
  env: Env,
  account: string,
  folder: NodePath,
  after: RowKey | null,
): Promise<SubtreeParts> {
  const parts: SubtreePart[] = [];
  let part: SubtreePart = { after, until: null, documents: 0 };
  let position = after;
  let partQueries = 0;
  const endPart = (until: RowKey | null) => {
    if (part.documents > 0) parts.push({ ...part, until });
    part = { after: until, until: null, documents: 0 };
    partQueries = 0;
  };
  for (let queries = 0; queries < MAX_LIST_QUERIES; queries++) {
    const page = await loadSubtreePage(env.DB, account, folder, position, ROWS_PER_QUERY);
    partQueries++;
    for (const document of page.documents) {
      part.documents++;
      if (part.documents === maxPartDocuments(env)) endPart(positionAfter(document));
      if (parts.length === MAX_LISTED_PARTS) return { parts, next: part.after };
    }
    position = page.next;
    if (position === null || partQueries === maxPartQueries(env)) endPart(position);
    if (position === null) break;
  }
  if (position !== null) endPart(position);
  return { parts, next: position };
}

/** Lists the documents of a part. Returns null if it has changed too much: list the parts again. */
export async function listPartDocuments(
  env: Env,
  account: string,
  folder: NodePath,
  { after, until }: Pick<SubtreePart, "after" | "until">,
): Promise<DocumentListing[] | null> {
  const documents: DocumentListing[] = [];
  let position = after;
  for (let queries = 0; queries < maxPartQueries(env) + 2; queries++) {
    const page = await loadSubtreePage(env.DB, account, folder, position, ROWS_PER_QUERY);
    for (const document of page.documents) {
      if (until !== null && isAfter(positionAfter(document), until)) return documents;
      documents.push(document);
      if (documents.length > maxGrownPart(env)) return null;
    }
    position = page.next;
    if (position === null || (until !== null && isAfter(position, until))) return documents;
  }
  return null;
}

/**
 * Lists chosen documents, and all documents below chosen folders, each once. Returns null if they are more
 * than one archive can have.
 */
export async function listChosenDocuments(
  env: Env,
  account: string,
  nodes: NodePath[],
): Promise<DocumentListing[] | null> {
  const chosen = nodes.filter(({ kind }) => kind === "document");
  const rows = await loadDocumentRows(env.DB, account, chosen);
  const listed = new Map<string, DocumentListing>();
  for (const { parent, name } of chosen) {
    const row = rows.get(parent + name);
    if (row) listed.set(parent + name, { parent, name, ...row });
  }
  let queries = 0;
  for (const folder of nodes.filter(({ kind }) => kind === "folder")) {
    let position: RowKey | null = null;
    do {
      if (++queries > maxPartQueries(env) || listed.size > maxPartDocuments(env)) return null;
      const page = await loadSubtreePage(env.DB, account, folder, position, ROWS_PER_QUERY);
      for (const document of page.documents) listed.set(listedPath(document), document);
      position = page.next;
    } while (position !== null);
  }
  return listed.size > maxPartDocuments(env) ? null : [...listed.values()];
}

/** Whether a key comes after another one in the index: in the order of their bytes in UTF-8. */
const isAfter = (key: RowKey, other: RowKey): boolean =>
  (compareBytes(key.parent, other.parent) || compareBytes(key.name, other.name)) > 0;

const compareBytes = (a: string, b: string): number => Buffer.from(a).compare(Buffer.from(b));
