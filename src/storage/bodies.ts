/**
 * The bytes of documents in R2. Each version has a key of its own, <account>/<document>/<version>,
 * that is never written twice: the index decides which of them is the document. The middle part is
 * the same for all versions of a document, so that earlier ones can be found by their prefix.
 */

import { documentFromPath, formatPath, type NodePath } from "../core/path";
import type { ByteRange } from "../core/range";
import { type Outcome, ok, type Refusal, refused } from "../core/refusals";
import { sha256 } from "../core/secrets";
import { logWarning } from "../platform/log";
import { CALL_TIMEOUT_MS, withCallTimeout, withRetry, withTimeout } from "../platform/retry";

/** A body that is no longer than this is held in memory, so that it can be sent again after a fault. */
export const SMALL_BODY_BYTES = 128 * 1024;

/** A client that streams more slowly than this is given up. */
const SLOWEST_BYTES_PER_MS = 8;

/** How long the upload of so many bytes may take. */
export const uploadTimeMs = (bytes: number): number =>
  CALL_TIMEOUT_MS + bytes / SLOWEST_BYTES_PER_MS;

/** Without a known length: enough for most documents, and little for who sends slowly. */
const FIRST_READ_BYTES = 64 * 1024;

/** R2 wants all parts of a multipart upload but the last to be of one size, at least 5 MiB. */
export const PART_BYTES = 5 * 1024 * 1024;

/** The R2 key of one version of a document. */
export async function bodyKey(account: string, node: NodePath, version: string): Promise<string> {
  const document = (await sha256(formatPath(node))).slice(0, 22);
  return `${account}/${document}/${version}`;
}

/** What is written beside the bytes, enough to rebuild the index from them. */
export interface BodyLabel {
  path: string;
  type: string;
  /** The version that this one was to replace; empty: none; undefined: nobody looked. */
  replaces: string | undefined;
}

/** How many bytes a body may have, and the refusal if it has more. */
export interface Allowance {
  bytes: number;
  refusal: Refusal;
}

/**
 * Stores a body and returns its length in bytes. With a known length a large stream goes straight
 * into R2; without one it is sent in parts, of which no more than two are in memory at a time.
 * Refuses with the allowance's refusal as soon as the body is longer; nothing is left of it then.
 * Rejects if the stream breaks or is too slow. `onUpload` is told of an upload in parts before the
 * first of them.
 */
export async function writeBody(
  bucket: R2Bucket,
  key: string,
  label: BodyLabel,
  body: ReadableStream<Uint8Array> | null,
  length: number | null,
  allowance: Allowance,
  onUpload: (uploadId: string) => Promise<unknown>,
): Promise<Outcome<number>> {
  const { replaces, ...rest } = label;
  const options = { customMetadata: replaces === undefined ? rest : { ...rest, replaces } };
  const putWhole = async (bytes: Uint8Array) =>
    ok((await withRetry(() => bucket.put(key, bytes, options))).size);
  if (body === null || length === 0) return putWhole(new Uint8Array());
  if (length !== null && length > allowance.bytes) return refused(allowance.refusal);
  if (length !== null && length > SMALL_BODY_BYTES) {
    const put = bucket.put(key, body, options);
    return ok((await withCallTimeout(put, uploadTimeMs(length))).size);
  }
  const reader = body.getReader({ mode: "byob" });
  if (length !== null) {
    const whole = await readBytes(reader, length);
    if (whole.byteLength < length) throw new Error("The body ended before its Content-Length.");
    return putWhole(whole);
  }
  const first = await readPart(reader);
  if (first.byteLength > allowance.bytes) return refused(allowance.refusal);
  if (first.byteLength < PART_BYTES) return putWhole(first);
  const upload = await withRetry(() => bucket.createMultipartUpload(key, options));
  return writeParts(bucket, upload, reader, first, allowance, onUpload);
}

async function writeParts(
  bucket: R2Bucket,
  upload: R2MultipartUpload,
  reader: ReadableStreamBYOBReader,
  first: Uint8Array,
  allowance: Allowance,
  onUpload: (uploadId: string) => Promise<unknown>,
): Promise<Outcome<number>> {
  const parts: R2UploadedPart[] = [];
  let written = 0;
  try {
    await onUpload(upload.uploadId);
    for (let part = first; part.byteLength > 0; part = await readPart(reader)) {
      const bytes = part;
      written += bytes.byteLength;
      if (written > allowance.bytes) {
        await withRetry(() => upload.abort());
        return refused(allowance.refusal);
      }
      parts.push(await withRetry(() => upload.uploadPart(parts.length + 1, bytes)));
    }
    return ok((await withRetry(() => complete(bucket, upload, parts))).size);
  } catch (error) {
    // The first failure is the one to report.
    await withRetry(() => upload.abort()).catch((fault) =>
      logWarning("An upload was left unfinished.", fault),
    );
    throw error;
  }
}

/** Completed once, an upload is gone: if the answer got lost, the object tells. */
async function complete(
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

/** The next PART_BYTES of the stream; fewer at its end, none after it. */
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
  const { value } = await withTimeout(read, uploadTimeMs(bytes));
  return value ?? new Uint8Array();
}

/** Asks for a body that is not there: whether the bucket answers at all. Rejects if it does not. */
export async function probeBucket(bucket: R2Bucket, withinMs: number): Promise<void> {
  await withCallTimeout(bucket.head("probe"), withinMs);
}

/** The bytes of a version, all or a range; null if there is no such object. */
export async function readBody(
  bucket: R2Bucket,
  key: string,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  const object = await withRetry(() => bucket.get(key, range ? { range } : {}));
  return object?.body ?? null;
}

/** Nothing happens to those that are gone. At most MAX_DROPPED at a time. */
export const dropBodies = (bucket: R2Bucket, keys: string[]): Promise<void> =>
  withRetry(() => bucket.delete(keys));

/** What R2 deletes in one call. */
export const MAX_DROPPED = 1000;

/**
 * First part of the R2 keys of what is large in the databases of an account: `rxdb`. Apart from its
 * documents, whose sweep takes what no row of theirs names.
 */
export const databasesPrefix = (account: string): string => `rxdb/${account}/`;

/** Deletes some of all documents' bodies of an account. Returns whether there are more. */
export const dropSomeBodiesOf = (bucket: R2Bucket, account: string): Promise<boolean> =>
  dropSomeBelow(bucket, `${account}/`);

/** The same of its databases. */
export const dropSomeOfDatabases = (bucket: R2Bucket, account: string): Promise<boolean> =>
  dropSomeBelow(bucket, databasesPrefix(account));

async function dropSomeBelow(bucket: R2Bucket, prefix: string): Promise<boolean> {
  const options: R2ListOptions = { prefix, limit: MAX_DROPPED };
  const { objects, truncated } = await withRetry(() => bucket.list(options));
  const keys = objects.map(({ key }) => key);
  if (keys.length > 0) await dropBodies(bucket, keys);
  return truncated;
}

/** Ends an upload in parts that nobody goes on with; nothing happens to one that has ended. */
export async function abortUpload(bucket: R2Bucket, key: string, uploadId: string): Promise<void> {
  try {
    await withRetry(() => bucket.resumeMultipartUpload(key, uploadId).abort());
  } catch (error) {
    // R2's code for an upload that does not exist.
    if (!String(error).includes("(10024)")) throw error;
  }
}

/** One version of a document, as it stands in R2. */
export interface Body {
  key: string;
  version: string;
  /** Milliseconds since 1970. */
  uploadedAt: number;
  /** Bytes. */
  length: number;
  /** As its label says. */
  replaces: string | undefined;
}

/** All that R2 has of one document. */
export interface DocumentBodies {
  /** First part of the keys: <account>/<document>. */
  prefix: string;
  /** As their labels say and the prefix confirms; null: no label does, so nobody knows. */
  path: string | null;
  bodies: Body[];
}

/** Some of the bodies of an account, by document. */
export interface BodyPage {
  documents: DocumentBodies[];
  /** Where to go on after them. */
  lastKey: string;
}

/**
 * Walks through all bodies of an account, from the one after `after` (a key) on, a page of R2's list
 * at a time. A document is not torn apart, unless it has more bodies than a page.
 */
export async function* walkBodies(
  bucket: R2Bucket,
  account: string,
  after: string | null,
): AsyncGenerator<BodyPage, void> {
  let from: R2ListOptions = after === null ? {} : { startAfter: after };
  let held: R2Object[] = [];
  for (;;) {
    const options: R2ListOptions = { prefix: `${account}/`, include: ["customMetadata"], ...from };
    const list = await withRetry(() => bucket.list(options));
    const documents = Map.groupBy([...held, ...list.objects], ({ key }) => prefixOf(key));
    const [last, itsObjects] = [...documents].at(-1) ?? [];
    held = [];
    if (list.truncated && documents.size > 1 && last !== undefined && itsObjects) {
      // It may go on on the next page.
      documents.delete(last);
      held = itsObjects;
    }
    const lastKey = [...documents.values()].at(-1)?.at(-1)?.key;
    if (lastKey !== undefined) {
      const described = [...documents].map(([prefix, objects]) => describe(prefix, objects));
      yield { documents: await Promise.all(described), lastKey };
    }
    if (!list.truncated) return;
    from = { cursor: list.cursor };
  }
}

const prefixOf = (key: string): string => key.slice(0, key.lastIndexOf("/"));

const describe = async (prefix: string, objects: R2Object[]): Promise<DocumentBodies> => ({
  prefix,
  path: await pathBehind(prefix, objects),
  bodies: objects.map(({ key, uploaded, size, customMetadata }) => ({
    key,
    version: key.slice(prefix.length + 1),
    uploadedAt: uploaded.getTime(),
    length: size,
    replaces: customMetadata?.replaces,
  })),
});

async function pathBehind(prefix: string, objects: R2Object[]): Promise<string | null> {
  const [account = ""] = prefix.split("/", 1);
  for (const path of new Set(objects.map(({ customMetadata }) => customMetadata?.path))) {
    if (path === undefined) continue;
    if ((await bodyKey(account, documentFromPath(path), "")) === `${prefix}/`) return path;
  }
  return null;
}
