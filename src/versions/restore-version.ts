/** Brings back an earlier version of a document. */

import type { Account } from "../accounts/accounts";
import { formatPath, type NodePath } from "../core/path";
import { type Outcome, refused } from "../core/refusals";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import type { CommitRequest, CommitResult } from "../storage/commit";
import { commitChange } from "../storage/documents";
import { NO_VERSION } from "../storage/refusals";
import { copyDocument } from "../storage/tasks/document-copy";
import { listDocumentBodies } from "../storage/versions/stored-bodies";

/** The version to bring back, and the current one that it replaces; null: the document is deleted. */
export interface RestoreRequest {
  version: string;
  expected: string | null;
}

/**
 * Makes an earlier version the document again, as a new version, if the current one is still the one
 * that is expected. Refuses as `copyDocument` does.
 */
export async function restoreVersion(
  env: Env,
  account: Account,
  node: NodePath,
  { version, expected }: RestoreRequest,
  clock: () => number,
): Promise<Outcome<CommitResult>> {
  const bodies = await listDocumentBodies(env.BODIES, account.id, node);
  const body = bodies.find((stored) => stored.version === version);
  if (body === undefined) return refused(NO_VERSION);
  const path = formatPath(node);
  const writer = { account: account.id, user: account.name, grant: null };
  const source = { path, version, type: body.type ?? "application/octet-stream" };
  const commit = (request: CommitRequest) =>
    commitChange(env, account.name, request, null, clock());
  return copyDocument(env, writer, { source, path, expected, version: randomId() }, commit, clock);
}
