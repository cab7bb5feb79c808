/** The statements that make a change of one document; `commit.ts` has the protocol. */

import { formatPath } from "../../core/path";
import { moduleOf } from "../../core/scope";
import { bindSql, compileSql } from "../../platform/sql";
import type { Change } from "../change";
import { type RowKey, rowKeys, SHORTENED_CHARACTERS, shortenedItemsParent } from "../row-keys";
import {
  COMMIT_PARTS,
  evaluationSql,
  type NodeParameter,
  nameOf,
  PREVIEW_PARTS,
  parentOf,
  WRITE_PARTS,
} from "./evaluation";
import { rowBytes } from "./row-bytes";

/** Ties a change to a state of the tree: the versions that its root may have (`storage/commit.ts`). */
interface Fence {
  base: string | null;
  /** The versions of the changes that precede it in its batch. */
  earlier: string[];
}

const NO_FENCE: Fence = { base: null, earlier: [] };

/** Evaluates a change without making it, to refuse early. Yields one `ChangeEvaluation`. */
export const previewStatement = (db: D1Database, change: Change): D1PreparedStatement =>
  bindSql(db, PREVIEW, parametersOf(change, NO_FENCE));

/**
 * The statements of one change, to be run in one batch and in this order. The first yields a
 * `ChangeEvaluation`; the others change something only if its decision is `apply`.
 */
export function changeStatements(
  db: D1Database,
  change: Change,
  fence: Fence,
): D1PreparedStatement[] {
  const parameters = parametersOf(change, fence);
  return [
    bindSql(db, EVALUATE, parameters),
    bindSql(db, UPSERT_ANCESTORS, parameters),
    bindSql(db, change.put ? PUT_DOCUMENT : DELETE_DOCUMENT, parameters),
  ];
}

/** The parameters of the statements by name. Null where a DELETE has no such value. */
function parametersOf(change: Change, fence: Fence): Record<string, unknown> {
  const { account, grant, node, version, precondition, put } = change;
  const keys = rowKeys(node);
  const own = keys.at(-1) as RowKey;
  const nodes = nodeParameters(keys);
  return {
    account,
    grant,
    ...own,
    version,
    path: formatPath(node),
    /** JSON: the folders above the document, the root first. */
    ancestors: JSON.stringify(nodes.slice(0, -1)),
    /** JSON: the same without the root, and the document at the end. */
    belowRoot: JSON.stringify(nodes.slice(1)),
    /** JSON: a `Precondition`. */
    precondition: JSON.stringify(precondition),
    /** Null tells a DELETE from a PUT. */
    length: put?.length ?? null,
    type: put?.type ?? null,
    documentBytes: put && rowBytes(own, put.type),
    modified: change.modified,
    commitBefore: change.commitBefore,
    defaultQuotaBytes: change.defaultQuotaBytes,
    maxDocuments: change.maxDocuments,
    /** The scope that allows a write here, apart from `*:rw`, between spaces. */
    moduleScope: ` ${moduleOf(node) ?? ""}:rw `,
    fenceBase: fence.base,
    /** JSON: a list of versions. */
    fenceEarlier: JSON.stringify(fence.earlier),
  };
}

/** The keys of the folders above a document and its own at the end, as SQL gets them. */
function nodeParameters(keys: RowKey[]): NodeParameter[] {
  const bytes = keys.slice(0, -1).map((folder) => rowBytes(folder, null));
  let preceding = 0;
  return keys.map((key, index) => {
    const hash = key.parent.startsWith("#") ? key.parent.slice(0, SHORTENED_CHARACTERS) : "";
    const parentCharacters = countCharacters(key.parent) - hash.length;
    const nameCharacters = countCharacters(key.name);
    const start = preceding - parentCharacters;
    preceding += nameCharacters;
    const folderBytes = bytes.slice(index).reduce((sum, own) => sum + own, 0);
    return [hash, start, parentCharacters, nameCharacters, folderBytes, shortenedItemsParent(key)];
  });
}

/** As SQLite counts them: code points. */
const countCharacters = (text: string): number => [...text].length;

const PREVIEW = compileSql(evaluationSql(PREVIEW_PARTS));

const EVALUATE = compileSql(evaluationSql(COMMIT_PARTS));

/**
 * Gives every ancestor that is kept the change's version, and adds the change's bytes and documents
 * to its totals. A folder that is new gets the bytes of its own row and of those below it, one that
 * was there the bytes of all new rows. From here on the root's version says that the decision was
 * `apply`: the statements after this one check it by `IS_COMMITTED`.
 */
const UPSERT_ANCESTORS = compileSql(`
  WITH evaluation AS (${evaluationSql(WRITE_PARTS)})
  INSERT INTO nodes
    (account, parent, name, version, length, documents, modified, items_parent, index_bytes)
  SELECT :account, ${parentOf("a.value")}, ${nameOf("a.value")}, :version,
    coalesce(:length, 0) - coalesce(oldLength, 0),
    (:length IS NOT NULL) - (oldVersion IS NOT NULL),
    :modified,
    a.value ->> 5,
    iif(a.key < folders, indexGrowthBytes, (a.value ->> 4) + :documentBytes)
  FROM evaluation CROSS JOIN json_each(:ancestors) a
  WHERE decision = 'apply' AND (:length IS NOT NULL OR a.key < folders)
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    length = length + excluded.length,
    documents = documents + excluded.documents,
    index_bytes = index_bytes + excluded.index_bytes,
    modified = max(modified, excluded.modified)`);

const IS_COMMITTED = `
  EXISTS (
    SELECT 1 FROM nodes
    WHERE account = :account AND parent = '' AND name = '/' AND version = :version
  )`;

const PUT_DOCUMENT = compileSql(`
  INSERT INTO nodes
    (account, parent, name, version, type, length, documents, modified, index_bytes)
  SELECT :account, :parent, :name, :version, :type, :length, 1, :modified, :documentBytes
  WHERE ${IS_COMMITTED}
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    type = excluded.type,
    length = excluded.length,
    index_bytes = excluded.index_bytes,
    modified = max(modified, excluded.modified)`);

/** Deletes the document and the folders that UPSERT_ANCESTORS did not give the version. */
const DELETE_DOCUMENT = compileSql(`
  DELETE FROM nodes
  WHERE (account, parent, name) IN (
      SELECT :account, ${parentOf("value")}, ${nameOf("value")} FROM json_each(:belowRoot)
    )
    AND version <> :version AND ${IS_COMMITTED}`);
