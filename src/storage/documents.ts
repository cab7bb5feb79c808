/** Reading, writing and deleting a document: §4, §6. */

import { type Precondition, requiredVersion } from "../core/etag";
import { formatPath, type NodePath } from "../core/path";
import type { ByteRange } from "../core/range";
import { type Outcome, ok, refused, UNAVAILABLE, UNKNOWN_OUTCOME } from "../core/refusals";
import { isId, randomId } from "../core/secrets";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import { CALL_TIMEOUT_MS, withCallTimeout, withRetry } from "../platform/retry";
import { type Access, queryWithGrant } from "./authorization";
import {
  type BodyMetadata,
  bodyKey,
  deleteBodies,
  readBody,
  type SizeLimit,
  SMALL_BODY_BYTES,
  writeBody,
} from "./bodies";
import type { Change, ChangeEvaluation } from "./change";
import { COMMIT_WINDOW_MS, type CommitRequest, type CommitResult, isCreated } from "./commit";
import { previewStatement } from "./db/changes";
import { type NodeRow, selectDocument, selectPublicDocument } from "./db/nodes";
import { type IndexedDocument, loadDocumentRows } from "./db/rows";
import { fitsFreeSpace, recordFreeSpace } from "./free-space";
import { forgetListed } from "./listed-versions";
import { decisionRefusal, documentTooLarge, NO_DOCUMENT, OVER_QUOTA, SUSPENDED } from "./refusals";

/** The rows of documents that the user asks for; their names are those of the index. */
export { type IndexedDocument, loadDocumentRows };

/** A document's row, with the account that it belongs to. */
export interface DocumentRow extends NodeRow {
  account: string;
  type: string;
}

/**
 * Finds a document in one D1 round trip. Refuses with `not-found`, `suspended`, and as
 * `queryWithGrant` does.
 */
export async function findDocument(
  env: Env,
  access: Access,
  node: NodePath,
  now: number,
): Promise<Outcome<DocumentRow>> {
  if (access.kind === "anonymous") {
    const statement = selectPublicDocument(env.DB, access.user, node);
    const row = await withRetry(() =>
      statement.first<DocumentRow & { suspendedAt: number | null }>(),
    );
    if (row === null) return refused(NO_DOCUMENT);
    return row.suspendedAt === null ? ok(row) : refused(SUSPENDED);
  }
  const { claims } = access;
  const statement = selectDocument(env.DB, claims.account, node);
  const rows = await queryWithGrant<DocumentRow>(env, claims, node, "read", statement, now);
  if (!rows.ok) return rows;
  const [row] = rows.value;
  return row ? ok({ ...row, account: claims.account }) : refused(NO_DOCUMENT);
}

/**
 * Opens the body of a row that `findDocument` returned. Returns null if the version was replaced
 * meanwhile and its body is deleted: find the document again.
 */
export async function openDocument(
  env: Env,
  row: DocumentRow,
  node: NodePath,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  return readBody(env.BODIES, await bodyKey(row.account, node, row.version), range);
}

/** Who writes: an app, by the claims of its token, or the user, on the pages. */
export interface DocumentWriter {
  /** Id of the account. */
  account: string;
  /** Name of the account. */
  user: string;
  /** Id of the grant; null: the user writes. */
  grant: string | null;
}

/** Makes a change: the user's object, asked by RPC (`commitChange`) or by itself. */
export type Commit = (request: CommitRequest) => Promise<Outcome<CommitResult>>;

/** A parsed PUT of a document. */
export interface PutRequest {
  node: NodePath;
  precondition: Precondition;
  body: ReadableStream<Uint8Array> | null;
  /** Bytes; null: not known before the end (chunked transfer coding). */
  length: number | null;
  type: string;
  /** When it was modified where it was imported from, milliseconds since 1970; null or missing: it is not said. */
  originalTime?: number | null;
}

/**
 * Stores a document. First the body is stored under a fresh key, then the commit decides; until then
 * nothing that exists is touched. A body that is not small, or that may not fit, is refused before
 * it is read for whatever can be known by then. Refuses with `too-large`, `unauthorized`,
 * `insufficient-scope`, `suspended`, `clash`, `precondition-failed` and `over-quota`; with
 * `unavailable` if nothing was changed, with `unknown-outcome` if the document may or may not be
 * stored.
 */
export async function putDocument(
  env: Env,
  writer: DocumentWriter,
  put: PutRequest,
  clock: () => number,
): Promise<Outcome<CommitResult>> {
  const now = clock();
  const { MAX_DOCUMENT_BYTES } = settings(env);
  if ((put.length ?? 0) > MAX_DOCUMENT_BYTES) return refused(documentTooLarge(MAX_DOCUMENT_BYTES));
  const { node, precondition, type } = put;
  const expected = { type, length: put.length ?? 0 };
  const change = newChange(env, writer, node, precondition, expected, now);
  const preview = canSkipPreview(writer.account, put, now)
    ? null
    : await previewChange(env, change);
  if (preview && !preview.ok) return preview;
  const evaluation = preview?.value ?? null;

  const key = await bodyKey(writer.account, node, change.version);
  const replaced = evaluation ? evaluation.oldVersion : requiredVersion(precondition);
  const replaces = replacesMetadata(replaced);
  const { originalTime = null } = put;
  const path = formatPath(node);
  const metadata = { path, type, replaces, grant: writer.grant ?? "", originalTime };
  const limit = sizeLimit(evaluation, MAX_DOCUMENT_BYTES);
  const written = await storeBody(env, writer.user, key, metadata, put, limit);
  if (!written.ok) return written;

  const commitBefore = clock() + COMMIT_WINDOW_MS;
  const stored = { ...change, put: { type, length: written.value.size }, commitBefore };
  const outcome = await commitChange(env, writer.user, stored, evaluation, now);
  const isRefused = !outcome.ok && outcome.refusal.code !== "unknown-outcome";
  if (isRefused) await deleteUnusedBody(env, key);
  return outcome;
}

/** Deletes a document. Refuses with `not-found`, `precondition-failed`, and as `putDocument` does. */
export function deleteDocument(
  env: Env,
  writer: DocumentWriter,
  node: NodePath,
  precondition: Precondition,
  now: number,
): Promise<Outcome<CommitResult>> {
  const change = newChange(env, writer, node, precondition, null, now);
  return commitChange(env, writer.user, change, null, now);
}

/** A change with a fresh version. */
export const newChange = (
  env: Env,
  { account, grant }: DocumentWriter,
  node: NodePath,
  precondition: Precondition,
  put: Change["put"],
  now: number,
): Change => ({
  account,
  grant,
  node,
  version: randomId(),
  precondition,
  put,
  commitBefore: now + COMMIT_WINDOW_MS,
  defaultQuotaBytes: settings(env).DEFAULT_QUOTA_BYTES,
  maxDocuments: settings(env).MAX_DOCUMENTS,
  modified: now,
});

/** An ETag in a precondition may be any text; one that is not a version of ours is left out. */
const replacesMetadata = (version: string | null | undefined): string | undefined =>
  version === null || isId(version) ? (version ?? "") : undefined;

/** Whether a body is small and its account has plenty of free space: then D1 is not asked first. */
const canSkipPreview = (account: string, { length }: PutRequest, now: number): boolean =>
  length !== null && length <= SMALL_BODY_BYTES && fitsFreeSpace(account, length, now);

/** Refuses early, in one round trip, what the commit would refuse. */
async function previewChange(env: Env, change: Change): Promise<Outcome<ChangeEvaluation>> {
  const statement = previewStatement(env.DB, change);
  const evaluation = (await withRetry(() =>
    statement.first<ChangeEvaluation>(),
  )) as ChangeEvaluation;
  const refusal = decisionRefusal(evaluation);
  return refusal ? refused(refusal) : ok(evaluation);
}

/** `writeBody`, where a failure means that nothing was changed. Refuses with `unavailable` then. */
async function storeBody(
  env: Env,
  user: string,
  key: string,
  metadata: BodyMetadata,
  { body, length }: PutRequest,
  limit: SizeLimit,
): Promise<Outcome<R2Object>> {
  const onMultipartUpload = (uploadId: string) =>
    withRetry(() => env.USERS.getByName(user).noteUpload(key, uploadId));
  try {
    return await writeBody(env.BODIES, key, metadata, body, length, limit, onMultipartUpload);
  } catch (error) {
    logWarning("A body could not be stored.", error);
    return refused(UNAVAILABLE);
  }
}

/** Deletes a body that no row has ever named. If that fails, the next sweep deletes it. */
export const deleteUnusedBody = (env: Env, key: string): Promise<void> =>
  deleteBodies(env.BODIES, [key]).catch((error) =>
    logWarning("A body without a row could not be deleted.", error),
  );

/** The lower of two limits: that of a document, and what the account has free for this one. */
function sizeLimit(preview: ChangeEvaluation | null, maxBytes: number): SizeLimit {
  const freeBytes = preview
    ? Math.max(0, preview.quotaBytes - preview.usedBytes - preview.indexGrowthBytes) +
      (preview.oldLength ?? 0)
    : maxBytes;
  if (freeBytes >= maxBytes) return { bytes: maxBytes, refusal: documentTooLarge(maxBytes) };
  return { bytes: freeBytes, refusal: OVER_QUOTA };
}

/** Longer than a single call: the object retries its own calls to D1, and knows the outcome then. */
const COMMIT_TIMEOUT_MS = 2.5 * CALL_TIMEOUT_MS;

/**
 * Hands a change to the user's object. If the object does not answer (it was reset, the connection
 * broke), the version in the document's row says whether the change was made.
 */
export async function commitChange(
  env: Env,
  user: string,
  change: Change,
  evaluation: ChangeEvaluation | null,
  now: number,
): Promise<Outcome<CommitResult>> {
  const preview = evaluation && {
    rootVersion: evaluation.rootVersion,
    version: evaluation.oldVersion,
  };
  const request = { ...change, preview };
  try {
    const committed = env.USERS.getByName(user).commit(request);
    const outcome = await withCallTimeout<Outcome<CommitResult>>(committed, COMMIT_TIMEOUT_MS);
    if (outcome.ok) forgetListed(change.account, change.node, now);
    if (outcome.ok && outcome.value.freeBytes !== null) {
      recordFreeSpace(change.account, outcome.value.freeBytes, now);
    }
    return outcome;
  } catch (error) {
    logWarning("The user's object did not answer.", error);
    const isMade = change.put !== null && (await isStored(env.DB, change));
    if (!isMade) return refused(UNKNOWN_OUTCOME);
    return ok({
      version: change.version,
      created: isCreated(request),
      freeBytes: null,
      facts: null,
    });
  }
}

/** Whether the document has the version of this change; false also if D1 does not answer. */
async function isStored(db: D1Database, change: Change): Promise<boolean> {
  try {
    const statement = selectDocument(db, change.account, change.node);
    const row = await withRetry(() => statement.first<NodeRow>());
    return row?.version === change.version;
  } catch (error) {
    logWarning("The outcome of a change could not be found out.", error);
    return false;
  }
}
