/** The documents of an account for an export, in the order of the index. */

import type { NodePath } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { type RowKey, rowKey } from "../row-keys";
import { withFullPaths } from "./paths";

/** A document as the index lists it. */
export interface DocumentListing {
  parent: string;
  name: string;
  version: string;
  type: string;
  /** Bytes. */
  length: number;
  /** Milliseconds since 1970. */
  modified: number;
}

const BEFORE_ALL: RowKey = { parent: "", name: "" };

/** After every key. */
const AFTER_ALL: RowKey = { parent: "\u{10ffff}", name: "" };

/** Loads the documents after `after` (null: from the first) up to `until` (null: to the last). */
export async function loadDocuments(
  db: D1Database,
  account: string,
  after: NodePath | null,
  until: NodePath | null,
  limit: number,
): Promise<DocumentListing[]> {
  const from = after ? rowKey(after) : BEFORE_ALL;
  const to = until ? rowKey(until) : AFTER_ALL;
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT parent, name, version, type, length, modified FROM nodes
         WHERE account = ?1 AND (parent, name) > (?2, ?3) AND (parent, name) <= (?4, ?5)
           AND type IS NOT NULL
         ORDER BY parent, name LIMIT ?6`,
      )
      .bind(account, from.parent, from.name, to.parent, to.name, limit)
      .all<DocumentListing>(),
  );
  return withFullPaths(db, account, results);
}

/**
 * Loads the last document of each page of `pageSize`, except for the last page, in the order of
 * `loadDocuments`. Reads all of the account's rows.
 */
export async function loadPageBoundaries(
  db: D1Database,
  account: string,
  pageSize: number,
): Promise<Pick<DocumentListing, "parent" | "name">[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT parent, name FROM (
           SELECT parent, name, row_number() OVER (ORDER BY parent, name) AS position,
                  count(*) OVER () AS documents
           FROM nodes WHERE account = ?1 AND type IS NOT NULL
         ) WHERE position % ?2 = 0 AND position < documents ORDER BY position`,
      )
      .bind(account, pageSize)
      .all<RowKey>(),
  );
  return withFullPaths(db, account, results);
}
