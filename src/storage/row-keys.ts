/**
 * The keys of rows in the index: `nodes` is ordered by account, `parent` and `name`. `parent` is the
 * path of the containing folder. Beyond MAX_PARENT_BYTES the beginning of the path is replaced by its
 * hash, so that a row does not grow with its depth:
 *
 *   parent of the items of a folder := shorten(its own parent + its name)
 *   shorten(text) := text, or "#" + hash(text) if it has more than MAX_PARENT_BYTES
 *
 * A path begins with a slash, a shortened one with "#", so that neither can be taken for the other.
 */

import { createHash } from "node:crypto";
import { listAncestors, type NodePath } from "../core/path";

/** Bytes of a `parent` in UTF-8. Most paths are shorter and stand in the index as they are. */
const MAX_PARENT_BYTES = 128;

/** SHA-256 in hexadecimal, cut to 128 bits. A migration computes it in SQL. */
const HASH_CHARACTERS = 32;

/** Where the `parent` of items that was shortened ends, and the names below begin. */
export const SHORTENED_CHARACTERS = 1 + HASH_CHARACTERS;

/** The key of a document's or folder's row, apart from the account. */
export interface RowKey {
  parent: string;
  /** Decoded; that of a folder ends with a slash. */
  name: string;
}

/** The key of a document's or folder's row. */
export const rowKey = (node: NodePath): RowKey =>
  fits(node.parent) ? node : (rowKeys(node).at(-1) as RowKey);

/** The keys of all folders above a node, the root's first, and its own at the end. */
export function rowKeys(node: NodePath): RowKey[] {
  let parent = "";
  return [...listAncestors(node), node].map(({ name }) => {
    const key = { parent, name };
    parent = itemsParent(key);
    return key;
  });
}

/** The `parent` of a folder's items. */
export function itemsParent({ parent, name }: RowKey): string {
  const text = parent + name;
  return fits(text) ? text : `#${hash(text)}`;
}

/** `itemsParent` if it had to be shortened, else null: then it is the folder's `parent` and `name`. */
export function shortenedItemsParent(key: RowKey): string | null {
  const parent = itemsParent(key);
  return parent === key.parent + key.name ? null : parent;
}

const hash = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARACTERS);

const ENCODER = new TextEncoder();

const fits = (parent: string): boolean =>
  // A code unit has at most three bytes in UTF-8.
  parent.length * 3 <= MAX_PARENT_BYTES || ENCODER.encode(parent).byteLength <= MAX_PARENT_BYTES;
