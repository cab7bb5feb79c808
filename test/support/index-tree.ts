/** An account's index as a tree: what a change should make of it, and whether it is consistent. */

import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { expect } from "vitest";
import { rowBytes } from "../../src/storage/db/row-bytes";
import { accountId } from "./rows";

interface Row {
  version: string;
  /** Null: a folder. */
  type: string | null;
  length: number;
  documents: number;
}

/** All rows of an account by their paths; the root's is "/". */
export type Tree = Record<string, Row>;

/** Loads the tree from the index. */
export const loadTree = async (user: string): Promise<Tree> => treeOf(await loadRows(user));

function treeOf(rows: IndexRow[]): Tree {
  const folders = new Map(rows.map((row) => [row.items_parent, row]));
  const pathOf = ({ parent, name }: { parent: string; name: string }): string => {
    const folder = folders.get(parent.slice(0, 33));
    return folder ? pathOf(folder) + parent.slice(33) + name : parent + name;
  };
  return Object.fromEntries(
    rows
      .map(({ version, type, length, documents, ...key }) => ({
        path: pathOf(key),
        row: { version, type, length, documents },
      }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, row }) => [path, row]),
  );
}

interface IndexRow extends Row {
  parent: string;
  name: string;
  items_parent: string | null;
  index_bytes: number;
}

async function loadRows(user: string): Promise<IndexRow[]> {
  const { results } = await env.DB.prepare(
    "SELECT n.* FROM nodes n JOIN accounts a ON a.id = n.account WHERE a.name = ?",
  )
    .bind(user)
    .all<IndexRow>();
  return results;
}

/** Expects that each row counts the bytes of its own and of all rows below it. */
export const expectIndexCounted = async (user: string): Promise<void> =>
  expectBytesCounted(await loadRows(user), "");

function expectBytesCounted(rows: IndexRow[], context: string): void {
  const stored = rows.map(({ parent, name, index_bytes }) => [parent + name, index_bytes]);
  const counted = rows.map((row) => {
    const { parent, name, type, items_parent } = row;
    const items = type === null ? (items_parent ?? parent + name) : null;
    const below = rows.filter((other) => other.parent === items);
    const bytes = below.reduce((sum, item) => sum + item.index_bytes, rowBytes(row, type));
    return [parent + name, bytes];
  });
  expect(stored, `${context}: rows count their index`).toEqual(counted);
}

/** The tree after one document was stored: it and every folder above it have the new version. */
export function treeAfterPut(tree: Tree, path: string, put: Omit<Row, "documents">): Tree {
  const old = tree[path];
  const growth = { length: put.length - (old?.length ?? 0), documents: old ? 0 : 1 };
  return { ...shiftTotals(tree, path, put.version, growth), [path]: { ...put, documents: 1 } };
}

/** The tree after one document was deleted: without folders that are empty now, except the root. */
export function treeAfterDelete(tree: Tree, path: string, version: string): Tree {
  const { [path]: old, ...others } = tree;
  const shrinkage = { length: -(old?.length ?? 0), documents: -1 };
  const rows = Object.entries(shiftTotals(others, path, version, shrinkage));
  return Object.fromEntries(
    rows.filter(([folder, { documents }]) => documents > 0 || folder === "/"),
  );
}

function shiftTotals(
  tree: Tree,
  path: string,
  version: string,
  by: { length: number; documents: number },
): Tree {
  const shifted = { ...tree };
  for (const folder of ancestorFolders(path)) {
    const { length, documents } = tree[folder] ?? { length: 0, documents: 0 };
    shifted[folder] = {
      version,
      type: null,
      length: length + by.length,
      documents: documents + by.documents,
    };
  }
  return shifted;
}

const ancestorFolders = (path: string): string[] =>
  [...path.slice(0, -1).matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));

/**
 * Loads the tree from the index. Expects that each folder's totals are the sums of its items, also of the bytes of
 * their rows, that no folder but the root is empty, that the last change gave its version to the document and all
 * folders above it, and that each document has its complete body.
 */
export async function loadConsistentTree(user: string, context: string): Promise<Tree> {
  const [rows, bodies] = [await loadRows(user), await loadBodies(user)];
  const tree = treeOf(rows);
  const documents = Object.entries(tree).filter(([, { type }]) => type !== null);
  expect(
    documents.map(([path, { version }]) => [path, bodies[version]?.path, bodies[version]?.size]),
    `${context}: documents have their bodies`,
  ).toEqual(documents.map(([path, { length }]) => [path, path, length]));
  expect(totalsIn(tree), `${context}: folders sum up their items`).toEqual(sumsIn(tree));
  expectOneLastChange(tree, context);
  expectBytesCounted(rows, context);
  return tree;
}

type Totals = Record<string, Pick<Row, "length" | "documents">>;

/** What the rows of the folders say. */
const totalsIn = (tree: Tree): Totals =>
  Object.fromEntries(
    Object.entries(tree)
      .filter(([, { type }]) => type === null)
      .map(([path, { length, documents }]) => [path, { length, documents }]),
  );

/** The sums of the documents below the root, if it has a row, and below each folder that has some. */
function sumsIn(tree: Tree): Totals {
  const sums: Totals = tree["/"] ? { "/": { length: 0, documents: 0 } } : {};
  for (const [path, { type, length }] of Object.entries(tree)) {
    for (const folder of type === null ? [] : ancestorFolders(path)) {
      const sum = sums[folder] ?? { length: 0, documents: 0 };
      sums[folder] = { length: sum.length + length, documents: sum.documents + 1 };
    }
  }
  return sums;
}

/**
 * Expects that an account has these documents: each path with the type, a space and the content. Sees that by the
 * index and the checksums of the bodies, with two calls.
 */
export async function expectStored(
  user: string,
  documents: Record<string, string>,
  context: string,
): Promise<void> {
  const [tree, bodies] = [await loadTree(user), await loadBodies(user)];
  const stored = Object.entries(tree)
    .filter(([, { type }]) => type !== null)
    .map(([path, { type, version }]) => [path, `${type} ${bodies[version]?.md5}`]);
  const expected = Object.entries(documents).map(([path, document]) => {
    const [, type, content = ""] = /^(\S+) (.*)$/s.exec(document) ?? [];
    return [path, `${type} ${createHash("md5").update(content).digest("hex")}`];
  });
  expect(Object.fromEntries(stored), context).toEqual(Object.fromEntries(expected));
}

/** Expects that the nodes of the last change are a document and all folders above it. */
function expectOneLastChange(tree: Tree, context: string): void {
  const last = Object.keys(tree).filter((path) => tree[path]?.version === tree["/"]?.version);
  const deepest = last.reduce((a, b) => (b.length > a.length ? b : a), "/");
  const lineage = deepest === "/" ? ["/"] : [...ancestorFolders(deepest), deepest];
  if (Object.keys(tree).length > 0) expect(last.sort(), context).toEqual(lineage.sort());
}

interface Body {
  path: string | undefined;
  size: number;
  /** In hexadecimal digits, if it was not stored in parts. */
  md5: string;
}

/** The bodies in R2 by their versions. */
async function loadBodies(user: string): Promise<Record<string, Body>> {
  const { objects, truncated } = await env.BODIES.list({
    prefix: `${await accountId(user)}/`,
    include: ["customMetadata"],
  });
  expect(truncated).toBe(false);
  return Object.fromEntries(
    objects.map(({ key, size, customMetadata, etag }) => [
      key.split("/").at(-1) as string,
      { path: customMetadata?.path, size, md5: etag },
    ]),
  );
}
