/** The SQL that evaluates and makes a change of one document; `commit.ts` has the protocol. */

import type { Precondition } from "../../core/etag";
import { formatPath, type NodePath } from "../../core/path";
import { moduleOf } from "../../core/scope";
import { bindSql, compileSql } from "../../platform/sql";

/** A change of one document, as it is evaluated and written. */
export interface Change {
  account: string;
  /** The id of the grant that has to allow it. */
  grant: string;
  node: NodePath;
  /** Fresh: the new version of the document and of all its ancestors. */
  version: string;
  precondition: Precondition;
  /** Null: the document is to be deleted. */
  put: { type: string; length: number } | null;
  /**
   * Milliseconds since 1970: from then on the change has no effect. By then its client has stopped
   * waiting, and the sweep may delete its body (`storage/sweep.ts`).
   */
  commitBefore: number;
  /** For an account without a quota of its own. */
  defaultQuotaBytes: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/**
 * What is to become of a change. `apply`: it is made; `already-applied`: this very change was made
 * before; `fenced`: the tree has changed since the batch was composed; `late`: its deadline has
 * passed. All others are refusals.
 */
type ChangeDecision =
  | "apply"
  | "already-applied"
  | "fenced"
  | "late"
  | "revoked"
  | "suspended"
  | "out-of-scope"
  | "not-found"
  | "clash"
  | "precondition-failed"
  | "over-quota";

/** The decision on a change, and the state that it is based on. */
export interface ChangeEvaluation {
  decision: ChangeDecision;
  /** The document's version before the change; null: there is no such document. */
  oldVersion: string | null;
  oldLength: number | null;
  /** The version of the root folder before the change; null: nothing was ever stored. */
  rootVersion: string | null;
  /** Bytes in use before the change, including databases. */
  usedBytes: number;
  quotaBytes: number;
}

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

/** The parameters of the statements below, by name. Null where a DELETE has no such value. */
function parametersOf(change: Change, fence: Fence): Record<string, unknown> {
  const { account, grant, node, version, precondition, put } = change;
  const spans = nameSpans(node);
  return {
    account,
    grant,
    parent: node.parent,
    name: node.name,
    version,
    /** JSON: the spans of the folders above the document, the root first. */
    ancestors: JSON.stringify(spans.slice(0, -1)),
    /** JSON: the same, and the document's at the end. */
    changedNodes: JSON.stringify(spans),
    /** JSON: a `Precondition`. */
    precondition: JSON.stringify(precondition),
    /** Null tells a DELETE from a PUT. */
    length: put?.length ?? null,
    type: put?.type ?? null,
    modified: change.modified,
    commitBefore: change.commitBefore,
    defaultQuotaBytes: change.defaultQuotaBytes,
    /** The scope that allows a write here, apart from `*:rw`, between spaces. */
    moduleScope: ` ${moduleOf(node) ?? ""}:rw `,
    fenceBase: fence.base,
    /** JSON: a list of versions. */
    fenceEarlier: JSON.stringify(fence.earlier),
  };
}

/**
 * Where the names in a document's path are, that of the root first and its own last: how many
 * characters precede each name (its folder's path), and how many it has. Sent with the path instead
 * of the paths of all folders, whose length is that of the path times its depth.
 */
function nameSpans(node: NodePath): [preceding: number, length: number][] {
  let preceding = 0;
  return formatPath(node)
    .split(/(?<=\/)/)
    .map((name) => {
      // SQLite counts code points.
      const length = [...name].length;
      preceding += length;
      return [preceding - length, length];
    });
}

/** The `parent` of the node that a span of the path is the name of. */
const parentAt = (span: string): string => `substr(:parent, 1, ${span} ->> 0)`;

/** The `name` of that node. */
const nameAt = (span: string): string =>
  `substr(:parent || :name, 1 + (${span} ->> 0), ${span} ->> 1)`;

// Fragments of the evaluation. `old` is the document's row before the change, `root` the root
// folder's, `granted` the grant's.

/** Neither the state that the batch was composed for, nor left by an earlier change of the batch. */
const IS_FENCED = `
  root.version IS NOT :fenceBase
  AND coalesce(root.version NOT IN (SELECT value FROM json_each(:fenceEarlier)), true)`;

const IS_LATE = ":commitBefore <= (julianday('now') - 2440587.5) * 86400000";

const IS_OUT_OF_SCOPE = `
  instr(' ' || granted.scope || ' ', ' *:rw ') = 0
  AND instr(' ' || granted.scope || ' ', :moduleScope) = 0`;

/**
 * §5: "409 for a PUT request where any folder name in the path clashes with an existing document's
 * name at the same level, or where the document name coincides with an existing folder's name at the
 * same level." Where the document or its folder exists, nothing clashes with a name above it, so the
 * names above are looked up only for a new folder.
 */
const IS_CLASH = `
  :length IS NOT NULL AND old.version IS NULL AND (
    EXISTS (
      SELECT 1 FROM nodes WHERE account = :account AND parent = :parent AND name = :name || '/'
    )
    OR NOT EXISTS (
      SELECT 1 FROM nodes
      WHERE account = :account
        AND parent = ${parentAt("(:ancestors -> '$[#-1]')")}
        AND name = ${nameAt("(:ancestors -> '$[#-1]')")}
    ) AND EXISTS (
      SELECT 1 FROM json_each(:ancestors) a CROSS JOIN nodes n
      WHERE n.account = :account
        AND n.parent = ${parentAt("a.value")} AND n.name = rtrim(${nameAt("a.value")}, '/')
    )
  )`;

/**
 * §6: If-Match "MUST fail with a 412 response code if that does not match the document's current
 * version".
 */
const FAILS_IF_MATCH = `
  :precondition ->> '$.match' IS NOT NULL AND NOT (
    old.version IS NOT NULL AND (
      :precondition ->> '$.match.any' IS TRUE
      OR old.version IN (SELECT value FROM json_each(:precondition, '$.match.versions'))
    )
  )`;

/** §6: "If-None-Match: *" "MUST fail with a 412 response code if the document already exists" */
const FAILS_IF_NONE_MATCH = `
  :precondition ->> '$.noneMatch' IS NOT NULL AND old.version IS NOT NULL AND (
    :precondition ->> '$.noneMatch.any' IS TRUE
    OR old.version IN (SELECT value FROM json_each(:precondition, '$.noneMatch.versions'))
  )`;

const FAILS_IF_UNMODIFIED_SINCE =
  "old.modified / 1000 * 1000 > :precondition ->> '$.unmodifiedSince'";

/** §5: "507 in case the account is over its storage quota". A document that does not grow is allowed. */
const IS_OVER_QUOTA = `
  :length > coalesce(old.length, 0)
  AND :length - coalesce(old.length, 0) + coalesce(root.length, 0) + databases.bytes
    > coalesce(quota_bytes, :defaultQuotaBytes)`;

/** Branches of the evaluation on which only a change that is about to be made depends. */
interface CommitBranches {
  fence: string;
  deadline: string;
}

const WITHOUT_COMMIT: CommitBranches = { fence: "", deadline: "" };

const WITH_COMMIT: CommitBranches = {
  fence: `WHEN ${IS_FENCED} THEN 'fenced'`,
  deadline: `WHEN ${IS_LATE} THEN 'late'`,
};

/**
 * Decides whether a change may be made; it is decided nowhere else. In the order of
 * RFC 9110 §13.2.1: preconditions count only where the request would succeed without them, except
 * that §6 wants a 412 for each If-Match that does not match, also of a document that is missing.
 * Yields one row, and reads each row of the index that it needs once.
 */
const evaluation = ({ fence, deadline }: CommitBranches): string => `
  SELECT CASE ${fence}
    WHEN old.version = :version THEN 'already-applied' ${deadline}
    WHEN granted.scope IS NULL OR deleted_at IS NOT NULL THEN 'revoked'
    WHEN suspended_at IS NOT NULL THEN 'suspended'
    WHEN ${IS_OUT_OF_SCOPE} THEN 'out-of-scope'
    WHEN ${IS_CLASH} THEN 'clash'
    WHEN ${FAILS_IF_MATCH} THEN 'precondition-failed'
    -- §5: "404 for all DELETE [...] requests to documents that do not exist on the storage"
    WHEN :length IS NULL AND old.version IS NULL THEN 'not-found'
    WHEN ${FAILS_IF_NONE_MATCH} THEN 'precondition-failed'
    WHEN ${FAILS_IF_UNMODIFIED_SINCE} THEN 'precondition-failed'
    WHEN ${IS_OVER_QUOTA} THEN 'over-quota'
    ELSE 'apply'
  END AS decision,
    old.version AS oldVersion,
    old.length AS oldLength,
    root.version AS rootVersion,
    coalesce(root.length, 0) + databases.bytes AS usedBytes,
    coalesce(quota_bytes, :defaultQuotaBytes) AS quotaBytes
  FROM (
    SELECT coalesce(sum(bytes), 0) AS bytes FROM rxdb_modules WHERE account = :account
  ) databases
  LEFT JOIN nodes old ON old.account = :account AND old.parent = :parent AND old.name = :name
  LEFT JOIN nodes root ON root.account = :account AND root.parent = '' AND root.name = '/'
  LEFT JOIN accounts ON accounts.id = :account
  LEFT JOIN grants granted ON granted.account = :account AND granted.id = :grant
    AND (granted.expires_at IS NULL OR granted.expires_at > :modified)`;

const PREVIEW = compileSql(evaluation(WITHOUT_COMMIT));

const EVALUATE = compileSql(evaluation(WITH_COMMIT));

/** An empty folder is deleted, except for the root: its version has to be remembered. */
const IS_KEPT = `
  (:length IS NOT NULL OR a.value ->> 0 = 0 OR 1 < (
    SELECT documents FROM nodes
    WHERE account = :account AND parent = ${parentAt("a.value")} AND name = ${nameAt("a.value")}
  ))`;

/**
 * Gives every ancestor that is kept the change's version, and adds the change's bytes and documents
 * to its totals. From here on the root's version says that the decision was `apply`: the statements
 * after this one check it by `IS_COMMITTED`.
 */
const UPSERT_ANCESTORS = compileSql(`
  WITH evaluation AS (${evaluation(WITH_COMMIT)})
  INSERT INTO nodes (account, parent, name, version, length, documents, modified)
  SELECT :account, ${parentAt("a.value")}, ${nameAt("a.value")}, :version,
    coalesce(:length, 0) - coalesce(oldLength, 0),
    (:length IS NOT NULL) - (oldVersion IS NOT NULL),
    :modified
  FROM evaluation CROSS JOIN json_each(:ancestors) a
  WHERE decision = 'apply' AND ${IS_KEPT}
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    length = length + excluded.length,
    documents = documents + excluded.documents,
    modified = max(modified, excluded.modified)`);

const IS_COMMITTED = `
  EXISTS (
    SELECT 1 FROM nodes
    WHERE account = :account AND parent = '' AND name = '/' AND version = :version
  )`;

const PUT_DOCUMENT = compileSql(`
  INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
  SELECT :account, :parent, :name, :version, :type, :length, 1, :modified WHERE ${IS_COMMITTED}
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    type = excluded.type,
    length = excluded.length,
    modified = max(modified, excluded.modified)`);

/**
 * Deletes the document, and by §4: "silent deletion of the parent folder if it is left empty by
 * this, and so on". What UPSERT_ANCESTORS did not give the version is not kept.
 */
const DELETE_DOCUMENT = compileSql(`
  DELETE FROM nodes
  WHERE (account, parent, name) IN (
      SELECT :account, ${parentAt("value")}, ${nameAt("value")} FROM json_each(:changedNodes)
    )
    AND version <> :version AND ${IS_COMMITTED}`);
