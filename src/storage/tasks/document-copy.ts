/** Making a document out of a version that R2 has: to move it, or to bring it back. */

import type { Precondition } from "../../core/etag";
import { documentFromPath, formatPath, parseDecodedPath } from "../../core/path";
import { type Outcome, refused, UNAVAILABLE } from "../../core/refusals";
import type { Env } from "../../env";
import { bodyKey, copyBody } from "../bodies";
import { COMMIT_WINDOW_MS, type CommitResult } from "../commit";
import { type Commit, type DocumentWriter, deleteUnusedBody, newChange } from "../documents";
import { NO_VERSION } from "../refusals";

/** A version of a document. */
export interface DocumentVersion {
  path: string;
  version: string;
  type: string;
}

/** What to make of a document. */
export interface CopyRequest {
  /** The version to copy; null: the document is to be deleted. */
  source: DocumentVersion | null;
  /** The path of the document that is written or deleted. */
  path: string;
  /** The version that it must have; null: it must not exist. */
  expected: string | null;
  /** A fresh one; the same again if an attempt is repeated. */
  version: string;
  /** Whether an earlier attempt may have been made: then a refused body may be one that was committed. */
  isRepeated?: boolean;
}

/**
 * Writes a document with the bytes and the type of a version, or deletes it, if it still has the version
 * that is expected. A copy has a version of its own. Refuses with `not-found` if R2 no longer has the
 * version, with `precondition-failed`, `clash`, `over-quota`, `suspended` and `unauthorized` like a PUT,
 * with `path-too-long`, with `unavailable` if nothing was changed, and with `unknown-outcome`.
 */
export async function copyDocument(
  env: Env,
  writer: DocumentWriter,
  { source, path, expected, version, isRepeated = false }: CopyRequest,
  commit: Commit,
  clock: () => number,
): Promise<Outcome<CommitResult>> {
  const node = documentFromPath(path);
  const precondition = preconditionFor(expected);
  const change = { ...newChange(env, writer, node, precondition, null, clock()), version };
  if (source === null) return commit({ ...change, preview: null });
  // Below a folder that got a longer name, a path may have become too long.
  const parsed = parseDecodedPath(path);
  if (!parsed.ok) return parsed;
  const from = await bodyKey(writer.account, documentFromPath(source.path), source.version);
  const key = await bodyKey(writer.account, node, version);
  const labels = { path: formatPath(node), type: source.type, replaces: expected ?? "" };
  const metadata = { ...labels, grant: writer.grant ?? "" };
  const copied = await copyBody(env.BODIES, from, key, metadata);
  if (copied === "missing") return refused(NO_VERSION);
  if (copied === "failed") return refused(UNAVAILABLE);
  const outcome = await commit({
    ...change,
    put: { type: source.type, length: copied.size },
    commitBefore: clock() + COMMIT_WINDOW_MS,
    preview: null,
  });
  const isRefused = !outcome.ok && outcome.refusal.code !== "unknown-outcome";
  if (isRefused && !isRepeated) await deleteUnusedBody(env, key);
  return outcome;
}

const preconditionFor = (expected: string | null): Precondition =>
  expected === null
    ? { noneMatch: { any: true, versions: [] } }
    : { match: { any: false, versions: [expected] } };
