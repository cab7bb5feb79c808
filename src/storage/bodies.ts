/**
 * The bodies of documents in R2. Each version has a key of its own, <account>/<document>/<version>,
 * which is never written twice: the index decides which version is the document. <document> is the
 * same for all versions of a document, so that earlier ones are found by their prefix.
 */

import { encodeLabel, parseOriginalTime } from "../core/labels";
import { formatPath, type NodePath } from "../core/path";
import type { ByteRange } from "../core/range";
import { type Outcome, ok, type Refusal, refused } from "../core/refusals";
import { sha256 } from "../core/secrets";
import { logWarning } from "../platform/log";
import { CALL_TIMEOUT_MS, withCallTimeout, withRetry, withTimeout } from "../platform/retry";

/** A body up to this length is held in memory, so that it can be sent again after a fault. */
export const SMALL_BODY_BYTES = 128 * 1024;

/** An upload from a client that is slower than this is aborted. */
const MIN_UPLOAD_BYTES_PER_MS = 8;

/** How long the upload of so many bytes may take, in milliseconds. */
export const maxUploadMs = (bytes: number): number =>
  CALL_TIMEOUT_MS + bytes / MIN_UPLOAD_BYTES_PER_MS;

/**
 * Read first of a body of unknown length: enough for most documents, and little memory for a slow
 * client.
 */
const FIRST_READ_BYTES = 64 * 1024;

/** R2 requires all parts of a multipart upload but the last to have one size, at least 5 MiB. */
export const PART_BYTES = 5 * 1024 * 1024;

/** The id of a document in the keys of all its versions. */
export const documentId = async (node: NodePath): Promise<string> =>
  (await sha256(formatPath(node))).slice(0, 22);

/** The R2 key of one version of a document. */
export const bodyKey = async (account: string, node: NodePath, version: string): Promise<string> =>
  `${account}/${await documentId(node)}/${version}`;

/** The metadata that is stored with a body, enough to rebuild the index from it. */
export interface BodyMetadata {
  path: string;
  type: string;
  /** The version that this one was to replace; "": none; undefined: not known. */
  replaces: string | undefined;
  /** The id of the grant that wrote it; "": the user, on the pages. */
  grant: string;
  /** When it was modified where it was imported from, milliseconds since 1970; null: it is not known. */
  originalTime: number | null;
}

const bodyLabels = ({
  path,
  type,
  replaces,
  grant,
  originalTime,
}: BodyMetadata): Record<string, string> => ({
  path: encodeLabel(path),
  type: encodeLabel(type),
  grant,
  ...(originalTime === null ? {} : { original: new Date(originalTime).toISOString() }),
  ...(replaces === undefined ? {} : { replaces }),
});

/** How many bytes a body may have, and the refusal of a longer one. */
export interface SizeLimit {
  bytes: number;
  refusal: Refusal;
}

/**
 * Stores a body and returns its object. A large body of known length is streamed into R2;
 * one of unknown length is uploaded in parts, of which at most two are in memory at a time.
 * Refuses with the limit's refusal as soon as the body exceeds it, and leaves nothing of the body
 * then. Rejects if the stream breaks or is too slow. `onMultipartUpload` is called before the first
 * part of a multipart upload.
 */
export async function writeBody(
  bucket: R2Bucket,
  key: string,
  metadata: BodyMetadata,
  body: ReadableStream<Uint8Array> | null,
  length: number | null,
  limit: SizeLimit,
  onMultipartUpload: (uploadId: string) => Promise<unknown>,
): Promise<Outcome<R2Object>> {
  const options = { customMetadata: bodyLabels(metadata) };
  const putWhole = async (bytes: Uint8Array) =>
    ok(await withRetry(() => bucket.put(key, bytes, options)));
  if (body === null || length === 0) return putWhole(new Uint8Array());
  if (length !== null && length > limit.bytes) return refused(limit.refusal);
  if (length !== null && length > SMALL_BODY_BYTES) {
    const put = bucket.put(key, body, options);
    return ok(await withCallTimeout(put, maxUploadMs(length)));
  }
  const reader = body.getReader({ mode: "byob" });
  try {
    if (length !== null) {
      const whole = await readBytes(reader, length);
      if (whole.byteLength < length) throw new Error("The body ended before its Content-Length.");
      return await putWhole(whole);
    }
    const first = await readPart(reader);
    if (first.byteLength > limit.bytes) return refused(limit.refusal);
    if (first.byteLength < PART_BYTES) return await putWhole(first);
    const upload = await withRetry(() => bucket.createMultipartUpload(key, options));
    return await uploadParts(bucket, upload, reader, first, limit, onMultipartUpload);
  } finally {
    // After a refusal there may be more to read: `lingerWhileSending`.
    reader.releaseLock();
  }
}

async function uploadParts(
  bucket: R2Bucket,
  upload: R2MultipartUpload,
  reader: ReadableStreamBYOBReader,
  first: Uint8Array,
  limit: SizeLimit,
  onMultipartUpload: (uploadId: string) => Promise<unknown>,
): Promise<Outcome<R2Object>> {
  const parts: R2UploadedPart[] = [];
  let written = 0;
  try {
    await onMultipartUpload(upload.uploadId);
    for (let part = first; part.byteLength > 0; part = await readPart(reader)) {
      const bytes = part;
      written += bytes.byteLength;
      if (written > limit.bytes) {
        await withRetry(() => upload.abort());
        return refused(limit.refusal);
      }
      parts.push(await withRetry(() => upload.uploadPart(parts.length + 1, bytes)));
    }
    return ok(await withRetry(() => completeUpload(bucket, upload, parts)));
  } catch (error) {
    // The first failure is the one to report.
    await withRetry(() => upload.abort()).catch((fault) =>
      logWarning("A failed multipart upload could not be aborted.", fault),
    );
    throw error;
  }
}

/** A completed upload no longer exists: if the answer was lost, look for the object instead. */
async function completeUpload(
  bucket: R2Bucket,
  upload: R2MultipartUpload,
  parts: R2UploadedPart[],
): Promise<R2Object> {
  try {
    return await withCallTimeout(upload.complete(parts));
  } catch (error) {
    const object = await bucket.head(upload.key);
    if (object) return object;
    throw error;
  }
}

/** Reads the next PART_BYTES of the stream: fewer at its end, none after it. */
async function readPart(reader: ReadableStreamBYOBReader): Promise<Uint8Array> {
  const head = await readBytes(reader, FIRST_READ_BYTES);
  if (head.byteLength < FIRST_READ_BYTES) return head;
  const rest = await readBytes(reader, PART_BYTES - FIRST_READ_BYTES);
  const part = new Uint8Array(head.byteLength + rest.byteLength);
  part.set(head);
  part.set(rest, head.byteLength);
  return part;
}

async function readBytes(reader: ReadableStreamBYOBReader, bytes: number): Promise<Uint8Array> {
  const read = reader.readAtLeast(bytes, new Uint8Array(bytes));
  const { value } = await withTimeout(read, maxUploadMs(bytes));
  return value ?? new Uint8Array();
}

/** Checks that R2 answers, by asking for a key that does not exist. Rejects if it does not. */
export async function probeBucket(bucket: R2Bucket, withinMs: number): Promise<void> {
  await withCallTimeout(bucket.head("probe"), withinMs);
}

/** When a version was modified where it was imported from, milliseconds since 1970; null: it is not known. */
export async function readOriginalTime(bucket: R2Bucket, key: string): Promise<number | null> {
  const object = await withRetry(() => bucket.head(key));
  return originalTimeOf(object?.customMetadata);
}

/** The same, of the metadata of a body. */
export const originalTimeOf = (metadata: Record<string, string> | undefined): number | null =>
  parseOriginalTime(metadata?.original);

/** Returns the bytes of a version, all or a range; null if there is no such object. */
export async function readBody(
  bucket: R2Bucket,
  key: string,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  const object = await withRetry(() => bucket.get(key, range ? { range } : {}));
  return object?.body ?? null;
}

/** Copies a body to a fresh key, with its original time. Returns the new object; `missing`: there is none to copy. */
export async function copyBody(
  bucket: R2Bucket,
  from: string,
  to: string,
  metadata: Omit<BodyMetadata, "originalTime">,
): Promise<R2Object | "missing" | "failed"> {
  try {
    const object = await withRetry(() => bucket.get(from));
    if (object === null) return "missing";
    const originalTime = originalTimeOf(object.customMetadata);
    const options = { customMetadata: bodyLabels({ ...metadata, originalTime }) };
    if (object.size <= SMALL_BODY_BYTES) {
      const bytes = await withTimeout(object.arrayBuffer(), maxUploadMs(object.size));
      return await withRetry(() => bucket.put(to, bytes, options));
    }
    return await withCallTimeout(bucket.put(to, object.body, options), maxUploadMs(object.size));
  } catch (error) {
    logWarning("A body could not be copied.", error);
    return "failed";
  }
}

/** Deletes at most MAX_KEYS_PER_DELETE bodies; keys that do not exist are ignored. */
export const deleteBodies = (bucket: R2Bucket, keys: string[]): Promise<void> =>
  withRetry(() => bucket.delete(keys));

/** R2's limit for one call. */
export const MAX_KEYS_PER_DELETE = 1000;

/** The first part of the R2 keys of an account's documents. */
export const documentsPrefix = (account: string): string => `${account}/`;

/**
 * The first part of the R2 keys of the large attachments in an account's databases. Not below that
 * of its documents: their sweep deletes what no row of theirs names.
 */
export const databasesPrefix = (account: string): string => `rxdb/${account}/`;

/** Deletes some of the objects whose keys begin with a prefix. Returns whether there are more. */
export async function deletePageByPrefix(bucket: R2Bucket, prefix: string): Promise<boolean> {
  const options: R2ListOptions = { prefix, limit: MAX_KEYS_PER_DELETE };
  const { objects, truncated } = await withRetry(() => bucket.list(options));
  const keys = objects.map(({ key }) => key);
  if (keys.length > 0) await deleteBodies(bucket, keys);
  return truncated;
}

/** Aborts a multipart upload that was abandoned; does nothing if it no longer exists. */
export async function abortUpload(bucket: R2Bucket, key: string, uploadId: string): Promise<void> {
  try {
    await withRetry(() => bucket.resumeMultipartUpload(key, uploadId).abort());
  } catch (error) {
    // R2's code for an upload that does not exist.
    if (!String(error).includes("(10024)")) throw error;
  }
}
