/** The versions of a document: when each was written, and by whom. */

import type { Account } from "../accounts/accounts";
import { formatPath, type NodePath } from "../core/path";
import type { Env } from "../env";
import { appNamesOfGrants } from "../oauth/grants";
import { withRetry } from "../platform/retry";
import { loadDocumentRows } from "../storage/documents";
import type { DeletionFact, PutFact } from "../storage/tasks/journal";
import { pastVersions } from "../storage/versions/history";
import { listDocumentBodies, type StoredBody } from "../storage/versions/stored-bodies";

/** Who made a change: never more than is known. */
export type ChangeAuthor =
  /** The user, on the pages. */
  | { kind: "user" }
  /** An app, by its origin or its label. */
  | { kind: "app"; name: string }
  /** An app whose access has ended. */
  | { kind: "former-app" }
  | { kind: "unknown" };

/** A version of a document that is kept. */
export interface ListedVersion {
  version: string;
  /** When it was written, milliseconds since 1970. */
  at: number;
  /** Whether `at` is the time of the write, and not that of the upload, which is before it. */
  isExact: boolean;
  /** Whether it is the document. */
  isCurrent: boolean;
  /** Bytes. */
  length: number;
  /** Its Content-Type; undefined: it is not known. */
  type: string | undefined;
  author: ChangeAuthor;
  /** When it was modified where it was imported from, milliseconds since 1970; null: it is not known. */
  originalTime: number | null;
}

/** What is known of a document. */
export interface DocumentHistory {
  path: string;
  /** The current version; null: the document is deleted. */
  current: string | null;
  /** The latest first. */
  versions: ListedVersion[];
  /** Of a deleted document; null: it exists, or nothing is recorded. */
  deletion: DeletionFact | null;
}

/** Loads the versions of a document: one call to R2, one to the user's object, one or two to D1. */
export async function loadDocumentHistory(
  env: Env,
  account: Account,
  node: NodePath,
): Promise<DocumentHistory> {
  const path = formatPath(node);
  const [rows, bodies, facts] = await Promise.all([
    loadDocumentRows(env.DB, account.id, [node]),
    listDocumentBodies(env.BODIES, account.id, node),
    withRetry(() => env.USERS.getByName(account.name).documentFacts(path)),
  ]);
  const row = rows.get(path) ?? null;
  const puts = new Map(facts.puts.map((fact) => [fact.version, fact]));
  const deletions = new Map(facts.deletions.map((fact) => [fact.version, fact]));
  const past = pastVersions(bodies, {
    current: row && { version: row.version, since: row.modified },
    writtenAt: (version) => puts.get(version)?.at,
    deletedAt: (version) => deletions.get(version)?.at,
  });
  const unnamed = past.filter(({ body }) => !puts.has(body.version)).map(({ body }) => body.grant);
  const names = await appNamesOfGrants(env.DB, account.id, [...new Set(unnamed)].filter(isGrantId));
  const versions = past.map(
    ({ body, from, isExact }): ListedVersion => ({
      version: body.version,
      at: from,
      isExact,
      isCurrent: body.version === row?.version,
      length: body.length,
      type: body.type,
      author: authorOf(body, puts.get(body.version), names),
      originalTime: body.originalTime,
    }),
  );
  const deletion = row === null ? (facts.deletions[0] ?? null) : null;
  return { path, current: row?.version ?? null, versions, deletion };
}

const isGrantId = (grant: string | undefined): grant is string =>
  grant !== undefined && grant !== "";

/** By the journal, or else by the grant that the body names. */
function authorOf(
  { grant }: StoredBody,
  fact: PutFact | undefined,
  names: Map<string, string>,
): ChangeAuthor {
  if (fact !== undefined) return authorOfFact(fact.app);
  if (grant === undefined) return { kind: "unknown" };
  if (grant === "") return { kind: "user" };
  const name = names.get(grant);
  return name === undefined ? { kind: "former-app" } : { kind: "app", name };
}

/** Who made a change that the journal has; undefined: it does not say. */
export const authorOfFact = (app: string | null | undefined): ChangeAuthor => {
  if (app === undefined) return { kind: "unknown" };
  return app === null ? { kind: "user" } : { kind: "app", name: app };
};
