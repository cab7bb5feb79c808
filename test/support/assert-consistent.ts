/** Whether the index of an account is what its changes should have made, and agrees with the bodies. */

import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { accountId } from "./rows";

interface Row {
  version: string;
  /** Null: a folder. */
  type: string | null;
  length: number;
  documents: number;
}

/** All rows of an account by their paths; that of the root is "/". */
export type Tree = Record<string, Row>;

/** The tree as the index has it. */
export async function treeOf(user: string): Promise<Tree> {
  const { results } = await env.DB.prepare(
    `SELECT n.parent || n.name AS path, version, type, length, documents
     FROM nodes n JOIN accounts a ON a.id = n.account WHERE a.name = ? ORDER BY path`,
  )
    .bind(user)
    .all<Row & { path: string }>();
  return Object.fromEntries(results.map(({ path, ...row }) => [path, row]));
}

/** The tree after one document was stored: it and every folder above have the new version. */
export function afterPut(tree: Tree, path: string, put: Omit<Row, "documents">): Tree {
  const old = tree[path];
  const growth = { length: put.length - (old?.length ?? 0), documents: old ? 0 : 1 };
  return { ...shift(tree, path, put.version, growth), [path]: { ...put, documents: 1 } };
}

/** The tree after one document was deleted: folders that are empty now are gone, but the root. */
export function afterDelete(tree: Tree, path: string, version: string): Tree {
  const { [path]: old, ...others } = tree;
  const shrinkage = { length: -(old?.length ?? 0), documents: -1 };
  const rows = Object.entries(shift(others, path, version, shrinkage));
  return Object.fromEntries(
    rows.filter(([folder, { documents }]) => documents > 0 || folder === "/"),
  );
}

function shift(
  tree: Tree,
  path: string,
  version: string,
  by: { length: number; documents: number },
): Tree {
  const shifted = { ...tree };
  for (const folder of foldersAbove(path)) {
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

const foldersAbove = (path: string): string[] =>
  [...path.slice(0, -1).matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));

/**
 * Expects that each folder sums up its items, that none but the root is empty, that the last change
 * can be seen on the whole way down to it, and that each document's body is there as a whole.
 */
export async function expectSound(user: string, tree: Tree, context: string): Promise<void> {
  const bodies = await bodiesOf(user);
  for (const [path, { type, version, length, documents }] of Object.entries(tree)) {
    const place = `${context}: ${path}`;
    if (path !== "/") {
      expect(tree, place).toHaveProperty([foldersAbove(path).at(-1) as string]);
    }
    if (type !== null) {
      expect(bodies[version], `${place} has its body`).toEqual({ path, size: length });
      continue;
    }
    const items = Object.keys(tree).filter(
      (item) => item !== "/" && foldersAbove(item).at(-1) === path,
    );
    const sum = (what: "length" | "documents") =>
      items.reduce((total, item) => total + (tree[item] as Row)[what], 0);
    const totals = { length: sum("length"), documents: sum("documents") };
    expect({ length, documents }, `${place} sums up its items`).toEqual(totals);
    if (path !== "/") expect(documents, `${place} is not empty`).toBeGreaterThan(0);
  }
  expectOneLastChange(tree, context);
}

/** The nodes of the last change are the document and the folders above it: one way down. */
function expectOneLastChange(tree: Tree, context: string): void {
  const last = Object.keys(tree).filter((path) => tree[path]?.version === tree["/"]?.version);
  const deepest = last.reduce((a, b) => (b.length > a.length ? b : a), "/");
  const way = deepest === "/" ? ["/"] : [...foldersAbove(deepest), deepest];
  if (Object.keys(tree).length > 0) expect(last.sort(), context).toEqual(way.sort());
}

/** What R2 has, by version. */
async function bodiesOf(
  user: string,
): Promise<Record<string, { path: string | undefined; size: number }>> {
  const { objects, truncated } = await env.BODIES.list({
    prefix: `${await accountId(user)}/`,
    include: ["customMetadata"],
  });
  expect(truncated).toBe(false);
  return Object.fromEntries(
    objects.map(({ key, size, customMetadata }) => [
      key.split("/").at(-1) as string,
      { path: customMetadata?.path, size },
    ]),
  );
}
