/** Changing the index: the SQL of a commit, whose protocol stands in `commit.ts`. */

import type { Precondition } from "../../core/etag";
import { ancestorsOf, type NodePath } from "../../core/path";
import { moduleOf } from "../../core/scope";

/** A change of one document, as the commit weighs and writes it. */
export interface Change {
  account: string;
  /** Id of the grant that has to allow it. */
  grant: string;
  node: NodePath;
  /** Fresh: the new version of the document and of all its ancestors. */
  version: string;
  precondition: Precondition;
  /** Null: the document is to be deleted. */
  put: { type: string; length: number } | null;
  /**
   * Milliseconds since 1970: from then on it has no effect any more. Nobody waits for it by then, and
   * nobody keeps its body from being swept (`storage/sweep.ts`).
   */
  commitBefore: number;
  /** Of an account that has no quota of its own. */
  defaultQuotaBytes: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/**
 * How a change was weighed. `repeat`: this very change has been made already; `fenced`: the tree
 * has changed since the batch was composed; `late`: the time of the change is over.
 */
type Verdict =
  | "go"
  | "repeat"
  | "fenced"
  | "late"
  | "revoked"
  | "suspended"
  | "out-of-scope"
  | "missing"
  | "clash"
  | "precondition-failed"
  | "over-quota";

export interface Weighed {
  verdict: Verdict;
  /** The document before the change; null: there is none. */
  oldVersion: string | null;
  oldLength: number | null;
  /** The version of the root folder before the change; null: nothing was ever stored. */
  rootVersion: string | null;
  /** Bytes in use before the change, those of databases too. */
  usedBytes: number;
  quotaBytes: number;
}

/** Pins a change to a state of the tree, by what the root's version may be: `storage/commit.ts`. */
interface Fence {
  base: string | null;
  /** The versions of the changes that come before it in its batch. */
  earlier: string[];
}

/** What a change would meet now, without making it: to refuse early. Yields one `Weighed`. */
export const weighChange = (db: D1Database, change: Change): D1PreparedStatement =>
  bind(db, LOOK, parameters(change, { base: null, earlier: [] }));

/**
 * The statements of one change, to run in one batch in this order. The first yields a `Weighed`;
 * the others change something only if its verdict is `go`.
 */
export function changeStatements(
  db: D1Database,
  change: Change,
  fence: Fence,
): D1PreparedStatement[] {
  const all = parameters(change, fence);
  return [
    bind(db, WEIGH, all),
    bind(db, SHIFT_ANCESTORS, all),
    bind(db, change.put ? PUT_DOCUMENT : DELETE_DOCUMENT, all),
  ];
}

/** ?1 to ?16 of the statements below. */
const parameters = (change: Change, fence: Fence): unknown[] => {
  const ancestors = ancestorsOf(change.node).map(({ parent, name }) => [parent, name]);
  return [
    change.account,
    change.node.parent,
    change.node.name,
    change.version,
    JSON.stringify(ancestors),
    JSON.stringify(change.precondition),
    change.put?.length ?? null,
    change.defaultQuotaBytes,
    change.modified,
    change.put?.type ?? null,
    fence.base,
    JSON.stringify(fence.earlier),
    change.commitBefore,
    change.grant,
    ` ${moduleOf(change.node) ?? ""}:rw `,
    JSON.stringify([...ancestors, [change.node.parent, change.node.name]]),
  ];
};

/** A statement as D1 gets it. */
interface Sql {
  text: string;
  /** D1 wants just as many parameters as the highest that the text names. */
  parameters: number;
}

/** Once for all: without what is there for people, which D1 would be sent with each change. */
const compile = (text: string): Sql => ({
  text: text.replace(/--.*$/gm, "").replace(/\s+/g, " "),
  parameters: Math.max(...[...text.matchAll(/\?(\d+)/g)].map(([, number]) => Number(number))),
});

const bind = (db: D1Database, { text, parameters }: Sql, values: unknown[]): D1PreparedStatement =>
  db.prepare(text).bind(...values.slice(0, parameters));

/** What stands before a verdict on which a change is made: is it still the time for it? */
interface Guards {
  fence: string;
  deadline: string;
}

const UNGUARDED: Guards = { fence: "", deadline: "" };

const GUARDED: Guards = {
  // The root is as the batch was composed for, or as an earlier change of the batch has left it.
  fence: `
    WHEN root.version IS NOT ?11
      AND coalesce(root.version NOT IN (SELECT value FROM json_each(?12)), true)
      THEN 'fenced'`,
  deadline: `
    WHEN ?13 <= (julianday('now') - 2440587.5) * 86400000 THEN 'late'`,
};

/**
 * Whether a change may be made: the only place where that is decided. In the order of
 * RFC 9110 §13.2.1: preconditions count only where the request would succeed without them. One row,
 * for which each row of the index that is needed is read once.
 */
const weighed = ({ fence, deadline }: Guards): string => `
  SELECT CASE ${fence}
    WHEN old.version = ?4 THEN 'repeat' ${deadline}
    WHEN granted.scope IS NULL OR deleted_at IS NOT NULL THEN 'revoked'
    WHEN suspended_at IS NOT NULL THEN 'suspended'
    WHEN instr(' ' || granted.scope || ' ', ' *:rw ') = 0
      AND instr(' ' || granted.scope || ' ', ?15) = 0 THEN 'out-of-scope'
    -- §5: "404 for all DELETE [...] requests to documents that do not exist on the storage"
    WHEN ?7 IS NULL AND old.version IS NULL THEN 'missing'
    -- §5: "409 for a PUT request where any folder name in the path clashes with an existing
    -- document's name at the same level, or where the document name coincides with an existing
    -- folder's name at the same level." Where the document or its folder is there, nothing clashes
    -- with a name above it.
    WHEN ?7 IS NOT NULL AND old.version IS NULL AND (
      EXISTS (SELECT 1 FROM nodes WHERE account = ?1 AND parent = ?2 AND name = ?3 || '/')
      OR NOT EXISTS (
        SELECT 1 FROM nodes
        WHERE account = ?1 AND parent = ?5 ->> '$[#-1][0]' AND name = ?5 ->> '$[#-1][1]'
      ) AND EXISTS (
        SELECT 1 FROM json_each(?5) a CROSS JOIN nodes n
        WHERE n.account = ?1 AND n.parent = a.value ->> 0 AND n.name = rtrim(a.value ->> 1, '/')
      )
    ) THEN 'clash'
    -- §6: If-Match "MUST fail with a 412 response code if that does not match the document's
    -- current version"
    WHEN ?6 ->> '$.match' IS NOT NULL AND NOT (
      old.version IS NOT NULL AND (
        ?6 ->> '$.match.any' IS TRUE
        OR old.version IN (SELECT value FROM json_each(?6, '$.match.versions'))
      )
    ) THEN 'precondition-failed'
    -- §6: "If-None-Match: *" "MUST fail with a 412 response code if the document already exists"
    WHEN ?6 ->> '$.noneMatch' IS NOT NULL AND old.version IS NOT NULL AND (
      ?6 ->> '$.noneMatch.any' IS TRUE
      OR old.version IN (SELECT value FROM json_each(?6, '$.noneMatch.versions'))
    ) THEN 'precondition-failed'
    WHEN old.modified / 1000 * 1000 > ?6 ->> '$.unmodifiedSince'
      THEN 'precondition-failed'
    -- §5: "507 in case the account is over its storage quota". What does not grow is allowed.
    WHEN ?7 > coalesce(old.length, 0)
      AND ?7 - coalesce(old.length, 0) + coalesce(root.length, 0) + databases.bytes
        > coalesce(quota_bytes, ?8)
      THEN 'over-quota'
    ELSE 'go'
  END AS verdict,
    old.version AS oldVersion,
    old.length AS oldLength,
    root.version AS rootVersion,
    coalesce(root.length, 0) + databases.bytes AS usedBytes,
    coalesce(quota_bytes, ?8) AS quotaBytes
  FROM (SELECT coalesce(sum(bytes), 0) AS bytes FROM rxdb_modules WHERE account = ?1) databases
  LEFT JOIN nodes old ON old.account = ?1 AND old.parent = ?2 AND old.name = ?3
  LEFT JOIN nodes root ON root.account = ?1 AND root.parent = '' AND root.name = '/'
  LEFT JOIN accounts ON accounts.id = ?1
  LEFT JOIN grants granted ON granted.account = ?1 AND granted.id = ?14
    AND (granted.expires_at IS NULL OR granted.expires_at > ?9)`;

const LOOK = compile(weighed(UNGUARDED));

const WEIGH = compile(weighed(GUARDED));

/** A folder goes with its last document, but the root stays: it has to be remembered. */
const STAYS = `
  (?7 IS NOT NULL OR a.value ->> 0 = '' OR 1 < (
    SELECT documents FROM nodes
    WHERE account = ?1 AND parent = a.value ->> 0 AND name = a.value ->> 1
  ))`;

/**
 * Every ancestor that stays gets the change's version and its share of bytes and documents. From
 * here on the root's version says that the verdict was `go`, and the later statements ask for that.
 */
const SHIFT_ANCESTORS = compile(`
  WITH weighed AS (${weighed(GUARDED)})
  INSERT INTO nodes (account, parent, name, version, length, documents, modified)
  SELECT ?1, a.value ->> 0, a.value ->> 1, ?4,
    coalesce(?7, 0) - coalesce(oldLength, 0),
    (?7 IS NOT NULL) - (oldVersion IS NOT NULL),
    ?9
  FROM weighed CROSS JOIN json_each(?5) a
  WHERE verdict = 'go' AND ${STAYS}
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    length = length + excluded.length,
    documents = documents + excluded.documents,
    modified = max(modified, excluded.modified)`);

const WENT_AHEAD = `
  EXISTS (
    SELECT 1 FROM nodes WHERE account = ?1 AND parent = '' AND name = '/' AND version = ?4
  )`;

const PUT_DOCUMENT = compile(`
  INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
  SELECT ?1, ?2, ?3, ?4, ?10, ?7, 1, ?9 WHERE ${WENT_AHEAD}
  ON CONFLICT (account, parent, name) DO UPDATE SET
    version = excluded.version,
    type = excluded.type,
    length = excluded.length,
    modified = max(modified, excluded.modified)`);

/**
 * The document, and §4: "silent deletion of the parent folder if it is left empty by this, and so
 * on". What did not get the version does not stay.
 */
const DELETE_DOCUMENT = compile(`
  DELETE FROM nodes
  WHERE (account, parent, name) IN (
      SELECT ?1, value ->> 0, value ->> 1 FROM json_each(?16)
    )
    AND version <> ?4 AND ${WENT_AHEAD}`);
