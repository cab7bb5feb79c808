/** What the user's own pages read of the index: folders in pages, documents, names that match. */

import { documentFromPath, formatPath, type NodePath } from "../core/path";
import type { Env } from "../env";
import { withRetry } from "../platform/retry";
import type { DocumentListing } from "./db/export";
import {
  type ItemOrder,
  type ItemPosition,
  type ItemRow,
  selectItemCount,
  selectItemPage,
} from "./db/listing";
import { type NodeRow, selectDocument, selectFolderTotals } from "./db/nodes";
import { loadSubtreePage } from "./db/subtree";
import type { DocumentRow } from "./documents";
import { type RowKey, rowKey } from "./row-keys";

export type { DocumentListing, ItemOrder, ItemPosition, ItemRow };

/** Items of a folder with more are shown in the order of names only: the others read all of them. */
export const MAX_SORTED_ITEMS = 10_000;

/** What the index knows of a whole folder. */
export interface BrowsedFolder {
  version: string;
  /** Of all documents below it, as is `documents`. */
  bytes: number;
  documents: number;
}

/** A page of a folder's items. */
export interface ItemPage {
  /** Null: it has no items. */
  folder: BrowsedFolder | null;
  items: ItemRow[];
  /** The order that they are in. */
  order: ItemOrder;
  /** The position of the next page; null: this is the last one. */
  next: ItemPosition | null;
}

/**
 * Loads a page of a folder's items and the folder's totals. In the order of names if the folder has more
 * than MAX_SORTED_ITEMS.
 */
export async function loadItemPage(
  env: Env,
  account: string,
  folder: NodePath,
  wanted: { order: ItemOrder; after: ItemPosition | null; limit: number },
): Promise<ItemPage> {
  const isSorted = wanted.order !== "name" && (await canSort(env, account, folder));
  const order = isSorted ? wanted.order : "name";
  const [totals, page] = await withRetry(() =>
    env.DB.batch([
      selectFolderTotals(env.DB, account, folder),
      selectItemPage(env.DB, account, folder, order, wanted.after, wanted.limit + 1),
    ]),
  );
  const [total] = (totals?.results ?? []) as unknown as FolderTotalsRow[];
  const rows = (page?.results ?? []) as unknown as ItemRow[];
  const items = rows.slice(0, wanted.limit);
  const last = rows.length > items.length ? items.at(-1) : undefined;
  return {
    folder: total ? browsedFolder(total) : null,
    items,
    order,
    next: last ? positionOf(last, order) : null,
  };
}

const browsedFolder = ({ version, length, documents }: FolderTotalsRow): BrowsedFolder => ({
  version,
  bytes: length,
  documents,
});

interface FolderTotalsRow {
  version: string;
  length: number;
  documents: number;
}

/** A folder has at most as many items as there are documents below it: then they need not be counted. */
async function canSort(env: Env, account: string, folder: NodePath): Promise<boolean> {
  const totals = await loadFolderTotals(env, account, folder);
  if ((totals?.documents ?? 0) <= MAX_SORTED_ITEMS) return true;
  const statement = selectItemCount(env.DB, account, folder, MAX_SORTED_ITEMS + 1);
  const count = await withRetry(() => statement.first<{ items: number }>());
  return (count?.items ?? 0) <= MAX_SORTED_ITEMS;
}

/** Loads the totals of a folder; null if nothing is below it. */
export async function loadFolderTotals(
  env: Env,
  account: string,
  folder: NodePath,
): Promise<BrowsedFolder | null> {
  const statement = selectFolderTotals(env.DB, account, folder);
  const totals = await withRetry(() => statement.first<FolderTotalsRow>());
  return totals && browsedFolder(totals);
}

const positionOf = ({ name, length, modified }: ItemRow, order: ItemOrder): ItemPosition => ({
  name,
  value: order === "name" ? null : order === "size" ? length : modified,
});

/** Finds a document of the account; null if there is none. */
export async function loadOwnDocument(
  env: Env,
  account: string,
  node: NodePath,
): Promise<DocumentRow | null> {
  const statement = selectDocument(env.DB, account, node);
  const row = await withRetry(() => statement.first<NodeRow & { type: string }>());
  return row && { ...row, account };
}

/** Documents whose names match, out of some that were looked at. */
export interface NameMatches {
  documents: DocumentListing[];
  /** How many documents were looked at. */
  looked: number;
  /** The position to go on from; null: all were looked at. */
  next: RowKey | null;
}

/** Rows of one query. */
const ROWS_PER_QUERY = 1000;

/** Queries of one page: a tenth of a second, on a machine that is not busy. */
const MAX_QUERIES = 4;

/**
 * Finds documents at any depth below a folder whose names contain a text, in whatever case. Ends after so
 * many matches, or rows.
 */
export async function findDocumentsByName(
  env: Env,
  account: string,
  folder: NodePath,
  { text, after, limit }: { text: string; after: RowKey | null; limit: number },
): Promise<NameMatches> {
  const wanted = foldCase(text);
  const found: NameMatches = { documents: [], looked: 0, next: after };
  for (let queries = 0; queries < MAX_QUERIES; queries++) {
    const page = await loadSubtreePage(env.DB, account, folder, found.next, ROWS_PER_QUERY);
    for (const document of page.documents) {
      found.looked++;
      if (!foldCase(document.name).includes(wanted)) continue;
      found.documents.push(document);
      if (found.documents.length === limit) return { ...found, next: positionAfter(document) };
    }
    found.next = page.next;
    if (found.next === null) break;
  }
  return found;
}

/** The same for "É" in either normalization form, and for "é". */
const foldCase = (text: string): string => text.normalize("NFC").toLowerCase();

/** The position from which `loadSubtreePage` goes on after a document. */
export const positionAfter = (document: DocumentListing): RowKey =>
  rowKey(documentFromPath(listedPath(document)));

/** The path of a document that was listed. */
export const listedPath = ({ parent, name }: DocumentListing): string =>
  formatPath({ kind: "document", parent, name });
