/** What an account holds, as the index lists it for its owner. */

import { withRetry } from "../../platform/retry";

export interface FolderTotals {
  parent: "/" | "/public/";
  /** With the slash at its end. */
  name: string;
  length: number;
  documents: number;
}

/** The folders of modules, private and public: two short ranges of the index. */
export const selectModuleFolders = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare(
      `SELECT parent, name, length, documents FROM nodes
       WHERE account = ?1 AND parent IN ('/', '/public/') AND type IS NULL`,
    )
    .bind(account);

export interface DocumentListing {
  parent: string;
  name: string;
  version: string;
  type: string;
  length: number;
  modified: number;
}

/** A place in the order of an export. */
export interface Place {
  parent: string;
  name: string;
}

const BEFORE_ALL: Place = { parent: "", name: "" };

/** After every path. */
const AFTER_ALL: Place = { parent: "\u{10ffff}", name: "" };

/** The documents after `after` (null: from the first) up to `until` (null: to the last). */
export async function loadDocuments(
  db: D1Database,
  account: string,
  after: Place | null,
  until: Place | null,
  limit: number,
): Promise<DocumentListing[]> {
  const [from, to] = [after ?? BEFORE_ALL, until ?? AFTER_ALL];
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
  return results;
}

/** Every `size`th document of an account but the last, in the order of `loadDocuments`. Reads all its rows. */
export async function loadMilestones(
  db: D1Database,
  account: string,
  size: number,
): Promise<Place[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT parent, name FROM (
           SELECT parent, name, row_number() OVER (ORDER BY parent, name) AS place,
                  count(*) OVER () AS documents
           FROM nodes WHERE account = ?1 AND type IS NOT NULL
         ) WHERE place % ?2 = 0 AND place < documents ORDER BY place`,
      )
      .bind(account, size)
      .all<Place>(),
  );
  return results;
}
