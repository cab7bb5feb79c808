/**
 * Remembers the items of the folders that this isolate has listed a moment ago. An app that has listed a
 * folder gets its documents next, so that their bodies can be asked for at the same time as the index
 * (`early-body.ts`). What is remembered is only a guess: the index decides with each request.
 */

import type { FolderItem } from "../core/folder";
import { formatPath, type NodePath } from "../core/path";

/** Longer than a client takes to get what it has listed, if it does so at all. */
const LISTED_TTL_MS = 30_000;

/** In all folders; some megabytes. The folder that was listed first is forgotten first. */
const MAX_LISTED_ITEMS = 20_000;

interface ListedFolder {
  pages: FolderItem[][];
  /** The items by name, as soon as one is looked up; a listing alone costs nothing. */
  byName: Map<string, FolderItem> | null;
  count: number;
  at: number;
}

const folders = new Map<string, ListedFolder>();
let itemCount = 0;

/** Records a page of a folder's items; a first page replaces what was known of the folder. */
export function recordListed(
  account: string,
  folder: NodePath,
  items: FolderItem[],
  isFirstPage: boolean,
  now: number,
): void {
  const key = folderKey(account, formatPath(folder));
  const earlier = isFirstPage ? undefined : folders.get(key);
  if (earlier) {
    earlier.pages.push(items);
    earlier.byName = null;
    earlier.count += items.length;
  } else {
    forgetFolder(key);
    folders.set(key, { pages: [items], byName: null, count: items.length, at: now });
  }
  itemCount += items.length;
  for (const oldest of folders.keys()) {
    if (itemCount <= MAX_LISTED_ITEMS) break;
    forgetFolder(oldest);
  }
}

/** The document as it was listed a moment ago; null: it was not listed, or may have changed since. */
export function findListed(account: string, node: NodePath, now: number): FolderItem | null {
  const folder = folders.get(folderKey(account, node.parent));
  if (!folder || Math.abs(now - folder.at) >= LISTED_TTL_MS) return null;
  folder.byName ??= new Map(folder.pages.flat().map((item) => [item.name, item]));
  return folder.byName.get(node.name) ?? null;
}

/** Forgets a document that this isolate has changed. */
export function forgetListed(account: string, node: NodePath, now: number): void {
  const key = folderKey(account, node.parent);
  if (findListed(account, node, now)) folders.get(key)?.byName?.delete(node.name);
}

/** Forgets all that was listed with a document which turned out to be another one by now. */
export const forgetListing = (account: string, { parent }: NodePath): void =>
  forgetFolder(folderKey(account, parent));

function forgetFolder(key: string): void {
  itemCount -= folders.get(key)?.count ?? 0;
  folders.delete(key);
}

const folderKey = (account: string, path: string): string => `${account} ${path}`;
