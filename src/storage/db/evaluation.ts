/** The SQL that decides whether a change of one document may be made. */

/**
 * The key of a folder above the document, or of the document itself, told by where it is in the
 * document's path, so that no part of the path is sent twice: what of `parent` is not in the path (the
 * hash, if it was shortened), where the rest of `parent` begins, how many characters that has, and how
 * many `name` has after it. Then the bytes of the rows of this folder and of those between it and the
 * document, and what its items have as `parent` if that was shortened.
 */
export type NodeParameter = [
  hash: string,
  start: number,
  parentCharacters: number,
  nameCharacters: number,
  folderBytes: number,
  itemsParent: string | null,
];

/** SQL for the `parent` of a `NodeParameter`. */
export const parentOf = (node: string): string =>
  `((${node} ->> 0) || substr(:path, 1 + (${node} ->> 1), ${node} ->> 2))`;

/** SQL for the `name` of a `NodeParameter`. */
export const nameOf = (node: string): string =>
  `substr(:path, 1 + (${node} ->> 1) + (${node} ->> 2), ${node} ->> 3)`;

/**
 * The state that a change is evaluated in, as one row; each row of the index that it needs is read
 * once. `old` is the document's row before the change, `root` the root folder's, `folder` that of the
 * folder that contains a new document, `granted` the grant's; without a grant it is the user who writes.
 *
 * `folders`: how many of the folders above the document, counted from the root, are there before and
 * after the change. Null: a document has the name of one of them. If its own folder is there then all
 * are, and nothing clashes with their names, so they are looked up only for a new folder.
 */
const state = (foldersLeftByDelete: string): string => `
  SELECT
    old.version AS oldVersion, old.length AS oldLength, old.type AS oldType, old.modified AS oldModified,
    old.index_bytes AS oldIndexBytes,
    root.version AS rootVersion, coalesce(root.documents, 0) AS documents,
    coalesce(root.length + root.index_bytes, 0) + databases.bytes AS usedBytes,
    coalesce(quota_bytes, :defaultQuotaBytes) AS quotaBytes,
    iif(:grant IS NULL, '*:rw', granted.scope) AS scope,
    coalesce(nullif(granted.origin, ''), granted.label) AS app, deleted_at AS deletedAt, suspended_at AS suspendedAt,
    CASE
      WHEN :length IS NULL AND old.version IS NOT NULL THEN ${foldersLeftByDelete}
      WHEN coalesce(old.version, folder.version) IS NOT NULL OR :length IS NULL
      THEN json_array_length(:ancestors)
      ELSE (
        SELECT iif(count(clashing.version) > 0, NULL, count(above.version))
        FROM json_each(:ancestors) a
        LEFT JOIN nodes above ON above.account = :account
          AND above.parent = ${parentOf("a.value")} AND above.name = ${nameOf("a.value")}
        LEFT JOIN nodes clashing ON clashing.account = :account
          AND clashing.parent = ${parentOf("a.value")}
          AND clashing.name = rtrim(${nameOf("a.value")}, '/')
      )
    END AS folders
  FROM (
    SELECT coalesce(sum(bytes), 0) AS bytes FROM rxdb_modules WHERE account = :account
  ) databases
  LEFT JOIN nodes old ON old.account = :account AND old.parent = :parent AND old.name = :name
  LEFT JOIN nodes root ON root.account = :account AND root.parent = '' AND root.name = '/'
  LEFT JOIN nodes folder ON folder.account = iif(old.version IS NULL AND :length IS NOT NULL, :account, NULL)
    AND folder.parent = ${parentOf("(:ancestors -> '$[#-1]')")}
    AND folder.name = ${nameOf("(:ancestors -> '$[#-1]')")}
  LEFT JOIN accounts ON accounts.id = :account
  LEFT JOIN grants granted ON granted.account = :account AND granted.id = :grant
    AND (granted.expires_at IS NULL OR granted.expires_at > :modified)`;

/** For a DELETE where it does not matter which folders it leaves empty. */
const ALL_FOLDERS = "json_array_length(:ancestors)";

/**
 * Those that it does not leave empty. §4: "silent deletion of the parent folder if it is left empty by
 * this, and so on". The root is kept: its version has to be remembered.
 */
const FOLDERS_LEFT = `(
  SELECT coalesce(min(a.key), json_array_length(:ancestors))
  FROM json_each(:ancestors) a CROSS JOIN nodes n
  WHERE a.key > 0 AND n.account = :account
    AND n.parent = ${parentOf("a.value")} AND n.name = ${nameOf("a.value")} AND n.documents = 1
)`;

/** Bytes by which the change makes the index grow: its document's row, and the folders' it adds. */
const INDEX_GROWTH_BYTES = `
  (coalesce(:documentBytes, 0) - coalesce(oldIndexBytes, 0)
    + iif(:length IS NULL, -1, 1) * coalesce(:ancestors -> folders ->> 4, 0))`;

const GROWTH_BYTES = `(coalesce(:length, 0) - coalesce(oldLength, 0) + ${INDEX_GROWTH_BYTES})`;

/** Neither the state that the batch was composed for, nor left by an earlier change of the batch. */
const IS_FENCED = `
  rootVersion IS NOT :fenceBase
  AND coalesce(rootVersion NOT IN (SELECT value FROM json_each(:fenceEarlier)), true)`;

const IS_LATE = ":commitBefore <= (julianday('now') - 2440587.5) * 86400000";

const IS_OUT_OF_SCOPE = `
  instr(' ' || scope || ' ', ' *:rw ') = 0
  AND instr(' ' || scope || ' ', :moduleScope) = 0`;

/**
 * §5: "409 for a PUT request where any folder name in the path clashes with an existing document's
 * name at the same level, or where the document name coincides with an existing folder's name at the
 * same level."
 */
const IS_CLASH = `
  :length IS NOT NULL AND oldVersion IS NULL AND (folders IS NULL OR EXISTS (
    SELECT 1 FROM nodes WHERE account = :account AND parent = :parent AND name = :name || '/'
  ))`;

/**
 * §6: If-Match "MUST fail with a 412 response code if that does not match the document's current
 * version".
 */
const FAILS_IF_MATCH = `
  :precondition ->> '$.match' IS NOT NULL AND NOT (
    oldVersion IS NOT NULL AND (
      :precondition ->> '$.match.any' IS TRUE
      OR oldVersion IN (SELECT value FROM json_each(:precondition, '$.match.versions'))
    )
  )`;

/** §6: "If-None-Match: *" "MUST fail with a 412 response code if the document already exists" */
const FAILS_IF_NONE_MATCH = `
  :precondition ->> '$.noneMatch' IS NOT NULL AND oldVersion IS NOT NULL AND (
    :precondition ->> '$.noneMatch.any' IS TRUE
    OR oldVersion IN (SELECT value FROM json_each(:precondition, '$.noneMatch.versions'))
  )`;

const FAILS_IF_UNMODIFIED_SINCE =
  "oldModified / 1000 * 1000 > :precondition ->> '$.unmodifiedSince'";

const HAS_TOO_MANY_DOCUMENTS =
  ":length IS NOT NULL AND oldVersion IS NULL AND documents >= :maxDocuments";

/** §5: "507 in case the account is over its storage quota". A document that does not grow is allowed. */
const IS_OVER_QUOTA = `${GROWTH_BYTES} > 0 AND usedBytes + ${GROWTH_BYTES} > quotaBytes`;

/** What differs between the evaluations of a change. */
interface EvaluationParts {
  /** Branches on which only a change that is about to be made depends. */
  fence: string;
  deadline: string;
  foldersLeftByDelete: string;
}

/** To refuse early what cannot be made. */
export const PREVIEW_PARTS: EvaluationParts = {
  fence: "",
  deadline: "",
  foldersLeftByDelete: ALL_FOLDERS,
};

/** To decide on a change that is about to be made. */
export const COMMIT_PARTS: EvaluationParts = {
  fence: `WHEN ${IS_FENCED} THEN 'fenced'`,
  deadline: `WHEN ${IS_LATE} THEN 'late'`,
  foldersLeftByDelete: ALL_FOLDERS,
};

/** The same, to make it. */
export const WRITE_PARTS: EvaluationParts = { ...COMMIT_PARTS, foldersLeftByDelete: FOLDERS_LEFT };

/**
 * SQL that decides whether a change may be made; it is decided nowhere else. In the order of
 * RFC 9110 §13.2.1: preconditions count only where the request would succeed without them, except
 * that §6 wants a 412 for each If-Match that does not match, also of a document that is missing.
 * Yields one row: a `ChangeEvaluation`, and what making the change needs of the state besides.
 */
export const evaluationSql = ({
  fence,
  deadline,
  foldersLeftByDelete,
}: EvaluationParts): string => `
  SELECT CASE ${fence}
    WHEN oldVersion = :version THEN 'already-applied' ${deadline}
    WHEN scope IS NULL OR deletedAt IS NOT NULL THEN 'revoked'
    WHEN suspendedAt IS NOT NULL THEN 'suspended'
    WHEN ${IS_OUT_OF_SCOPE} THEN 'out-of-scope'
    WHEN ${IS_CLASH} THEN 'clash'
    WHEN ${FAILS_IF_MATCH} THEN 'precondition-failed'
    -- §5: "404 for all DELETE [...] requests to documents that do not exist on the storage"
    WHEN :length IS NULL AND oldVersion IS NULL THEN 'not-found'
    WHEN ${FAILS_IF_NONE_MATCH} THEN 'precondition-failed'
    WHEN ${FAILS_IF_UNMODIFIED_SINCE} THEN 'precondition-failed'
    WHEN ${HAS_TOO_MANY_DOCUMENTS} THEN 'too-many-documents'
    WHEN ${IS_OVER_QUOTA} THEN 'over-quota'
    ELSE 'apply'
  END AS decision, oldVersion, oldLength, oldType, rootVersion, app, usedBytes, quotaBytes,
    ${GROWTH_BYTES} AS growthBytes, ${INDEX_GROWTH_BYTES} AS indexGrowthBytes, folders
  FROM (${state(foldersLeftByDelete)} LIMIT 1) WHERE true`;
