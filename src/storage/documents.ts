/** Reading, writing and deleting a document: §4, §6. */

import { type Precondition, requiredVersion } from "../core/etag";
import { formatPath, type NodePath } from "../core/path";
import type { ByteRange } from "../core/range";
import {
  type Outcome,
  ok,
  type Refusal,
  refused,
  UNAVAILABLE,
  UNKNOWN_OUTCOME,
} from "../core/refusals";
import { isId, randomId } from "../core/secrets";
import { type Env, settings } from "../env";
import type { AccessClaims } from "../oauth/access-tokens";
import { logWarning } from "../platform/log";
import { CALL_TIMEOUT_MS, withCallTimeout, withRetry } from "../platform/retry";
import { type Access, askWithGrant } from "./authorization";
import {
  type Allowance,
  type BodyLabel,
  bodyKey,
  dropBodies,
  readBody,
  SMALL_BODY_BYTES,
  writeBody,
} from "./bodies";
import { COMMIT_WITHIN_MS, type Committed, isCreated } from "./commit";
import { type Change, type Weighed, weighChange } from "./db/changes";
import { type NodeRow, selectDocument, selectPublicDocument } from "./db/nodes";
import { hasRoom, noteRoom } from "./free-space";
import { OVER_QUOTA, refusalOf, SUSPENDED } from "./refusals";

/** A document's row, with the account it belongs to. */
export interface DocumentRow extends NodeRow {
  account: string;
  type: string;
}

/** One D1 round trip. Refuses with `not-found`, `suspended`, and as `askWithGrant` does. */
export async function findDocument(
  env: Env,
  access: Access,
  node: NodePath,
  now: number,
): Promise<Outcome<DocumentRow>> {
  if (access.by === "anyone") {
    const question = selectPublicDocument(env.DB, access.user, node);
    const row = await withRetry(() =>
      question.first<DocumentRow & { suspendedAt: number | null }>(),
    );
    if (row === null) return refused(NO_DOCUMENT);
    return row.suspendedAt === null ? ok(row) : refused(SUSPENDED);
  }
  const { claims } = access;
  const question = selectDocument(env.DB, claims.account, node);
  const answer = await askWithGrant<DocumentRow>(env, claims, node, "read", question, now);
  if (!answer.ok) return answer;
  const [row] = answer.value;
  return row ? ok({ ...row, account: claims.account }) : refused(NO_DOCUMENT);
}

/**
 * Opens the body of a row that `findDocument` gave. Null: the version has been replaced in between
 * and its body is gone, so look again.
 */
export async function openDocument(
  env: Env,
  row: DocumentRow,
  node: NodePath,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  return readBody(env.BODIES, await bodyKey(row.account, node, row.version), range);
}

export interface Put {
  node: NodePath;
  precondition: Precondition;
  body: ReadableStream<Uint8Array> | null;
  /** Bytes; null: not known before the end (chunked transfer coding). */
  length: number | null;
  type: string;
}

/**
 * Stores a document. The body goes under a fresh key first, then the commit decides; until then
 * nothing that exists is touched. A body that is not small, or that may not fit, is refused before
 * it is read with whatever can be known by then. Refuses with `too-large`, `unauthorized`,
 * `insufficient-scope`, `clash`, `precondition-failed`, `over-quota`; `unavailable`: nothing was
 * changed; `unknown-outcome`: the document may or may not be stored.
 */
export async function putDocument(
  env: Env,
  claims: AccessClaims,
  put: Put,
  clock: () => number,
): Promise<Outcome<Committed>> {
  const now = clock();
  const { MAX_DOCUMENT_BYTES } = settings(env);
  if ((put.length ?? 0) > MAX_DOCUMENT_BYTES) return refused(tooLarge(MAX_DOCUMENT_BYTES));
  const { node, precondition, type } = put;
  const early = { type, length: put.length ?? 0 };
  const change = newChange(env, claims, node, precondition, early, now);
  const looked = isSureToFit(claims.account, put, now) ? null : await look(env, change);
  if (looked && !looked.ok) return looked;

  const key = await bodyKey(claims.account, node, change.version);
  const replaced = looked ? looked.value.oldVersion : requiredVersion(precondition);
  const label = { path: formatPath(node), type, replaces: labelOf(replaced) };
  const allowance = allowanceFor(looked?.value ?? null, MAX_DOCUMENT_BYTES);
  const written = await storeBody(env, claims.user, key, label, put, allowance);
  if (!written.ok) return written;

  const commitBefore = clock() + COMMIT_WITHIN_MS;
  const stored = { ...change, put: { type, length: written.value }, commitBefore };
  const outcome = await commit(env, claims.user, stored, looked?.value ?? null, now);
  const isRefused = !outcome.ok && outcome.refusal.code !== "unknown-outcome";
  if (isRefused) await dropRefusedBody(env, key);
  return outcome;
}

/** Refuses with `not-found`, `precondition-failed`, and as `putDocument` does. */
export function deleteDocument(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  precondition: Precondition,
  now: number,
): Promise<Outcome<Committed>> {
  const change = newChange(env, claims, node, precondition, null, now);
  return commit(env, claims.user, change, null, now);
}

const newChange = (
  env: Env,
  { account, grant }: AccessClaims,
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
  commitBefore: now + COMMIT_WITHIN_MS,
  defaultQuotaBytes: settings(env).DEFAULT_QUOTA_BYTES,
  modified: now,
});

/** What a client demands may be anything, and is no version of ours then. */
const labelOf = (version: string | null | undefined): string | undefined =>
  version === null || isId(version) ? (version ?? "") : undefined;

/** Whether a body is small and its account has plenty of room, so that nobody need ask first. */
const isSureToFit = (account: string, { length }: Put, now: number): boolean =>
  length !== null && length <= SMALL_BODY_BYTES && hasRoom(account, length, now);

/** Refuses early, in one round trip, what the commit would refuse. */
async function look(env: Env, change: Change): Promise<Outcome<Weighed>> {
  const question = weighChange(env.DB, change);
  const weighed = (await withRetry(() => question.first<Weighed>())) as Weighed;
  const refusal = refusalOf(weighed);
  return refusal ? refused(refusal) : ok(weighed);
}

/** `writeBody`, where a failure means that nothing was changed. Refuses with `unavailable` then. */
async function storeBody(
  env: Env,
  user: string,
  key: string,
  label: BodyLabel,
  { body, length }: Put,
  allowance: Allowance,
): Promise<Outcome<number>> {
  const onUpload = (uploadId: string) =>
    withRetry(() => env.USERS.getByName(user).noteUpload(key, uploadId));
  try {
    return await writeBody(env.BODIES, key, label, body, length, allowance, onUpload);
  } catch (error) {
    logWarning("A body could not be stored.", error);
    return refused(UNAVAILABLE);
  }
}

/** What was never named by a row goes at once; if that fails, with the next sweep. */
const dropRefusedBody = (env: Env, key: string): Promise<void> =>
  dropBodies(env.BODIES, [key]).catch((error) => logWarning("A refused body was left.", error));

/** Whichever ends first: what one document may have, or what the account has left for it. */
function allowanceFor(weighed: Weighed | null, maxBytes: number): Allowance {
  const left = weighed
    ? Math.max(0, weighed.quotaBytes - weighed.usedBytes) + (weighed.oldLength ?? 0)
    : maxBytes;
  if (left >= maxBytes) return { bytes: maxBytes, refusal: tooLarge(maxBytes) };
  return { bytes: left, refusal: OVER_QUOTA };
}

/** The object asks D1 itself, and has more to say if it is waited for. */
const COMMIT_ANSWER_MS = 2.5 * CALL_TIMEOUT_MS;

/**
 * Hands the change to the user's object. If the object does not answer (it was reset, the
 * connection broke), the document's row tells by its version whether the change was made.
 */
async function commit(
  env: Env,
  user: string,
  change: Change,
  looked: Weighed | null,
  now: number,
): Promise<Outcome<Committed>> {
  const seen = looked && { rootVersion: looked.rootVersion, version: looked.oldVersion };
  const command = { ...change, seen };
  try {
    const answer = env.USERS.getByName(user).commit(command);
    const outcome = await withCallTimeout<Outcome<Committed>>(answer, COMMIT_ANSWER_MS);
    if (outcome.ok && outcome.value.freeBytes !== null) {
      noteRoom(change.account, outcome.value.freeBytes, now);
    }
    return outcome;
  } catch (error) {
    logWarning("The user's object did not answer.", error);
    const isMade = change.put !== null && (await isInPlace(env.DB, change));
    if (!isMade) return refused(UNKNOWN_OUTCOME);
    return ok({ version: change.version, created: isCreated(command), freeBytes: null });
  }
}

/** Whether the document is there in the version of this change; false also if D1 does not say. */
async function isInPlace(db: D1Database, change: Change): Promise<boolean> {
  try {
    const question = selectDocument(db, change.account, change.node);
    const row = await withRetry(() => question.first<NodeRow>());
    return row?.version === change.version;
  } catch (error) {
    logWarning("Whether a change was made cannot be told.", error);
    return false;
  }
}

const NO_DOCUMENT: Refusal = { code: "not-found", message: "There is no such document." };

const tooLarge = (maxBytes: number): Refusal => ({
  code: "too-large",
  message: `A document may have at most ${maxBytes} bytes.`,
});
