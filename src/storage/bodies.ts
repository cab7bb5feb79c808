/**
 * The bytes of documents in R2. Each version has a key of its own, <account>/<document>/<version>,
 * that is never written twice: the index decides which of them is the document. The middle part is
 * the same for all versions of a document, so that earlier ones can be found by their prefix.
 */

import { type NodePath, pathOf } from "../core/path";
import type { ByteRange } from "../core/range";
import { done, type Outcome, type Refusal, refused } from "../core/refusals";
import { sha256 } from "../core/secrets";
import { logFault } from "../http/log";

/** Without a known length: enough for most documents, and little for who sends slowly. */
const FIRST_READ_BYTES = 64 * 1024;

/** R2 wants all parts of a multipart upload but the last to be of one size, at least 5 MiB. */
const PART_BYTES = 5 * 1024 * 1024;

/** The R2 key of one version of a document. */
export async function bodyKey(account: string, node: NodePath, version: string): Promise<string> {
  const document = (await sha256(pathOf(node))).slice(0, 22);
  return `${account}/${document}/${version}`;
}

/** What is written beside the bytes, enough to rebuild the index from them. */
interface BodyLabel {
  path: string;
  type: string;
}

/** How many bytes a body may have, and the refusal if it has more. */
export interface Allowance {
  bytes: number;
  refusal: Refusal;
}

/**
 * Stores a body and returns its length in bytes. With a known length the stream goes straight
 * into R2; without one at most PART_BYTES are in memory at a time. Refuses with the allowance's
 * refusal as soon as the body is longer; nothing is left of it then. Rejects if the stream breaks.
 */
export async function writeBody(
  bucket: R2Bucket,
  key: string,
  label: BodyLabel,
  body: ReadableStream<Uint8Array> | null,
  length: number | null,
  allowance: Allowance,
): Promise<Outcome<number>> {
  const options = { customMetadata: { ...label } };
  if (body === null || length === 0) {
    await bucket.put(key, new Uint8Array(), options);
    return done(0);
  }
  if (length !== null) {
    if (length > allowance.bytes) return refused(allowance.refusal);
    await bucket.put(key, body, options);
    return done(length);
  }
  const reader = body.getReader({ mode: "byob" });
  const first = await readPart(reader);
  if (first.byteLength > allowance.bytes) return refused(allowance.refusal);
  if (first.byteLength < PART_BYTES) {
    await bucket.put(key, first, options);
    return done(first.byteLength);
  }
  return writeParts(await bucket.createMultipartUpload(key, options), reader, first, allowance);
}

async function writeParts(
  upload: R2MultipartUpload,
  reader: ReadableStreamBYOBReader,
  first: Uint8Array,
  allowance: Allowance,
): Promise<Outcome<number>> {
  const parts: R2UploadedPart[] = [];
  let written = 0;
  try {
    for (let part = first; part.byteLength > 0; part = await readPart(reader)) {
      written += part.byteLength;
      if (written > allowance.bytes) {
        await upload.abort();
        return refused(allowance.refusal);
      }
      parts.push(await upload.uploadPart(parts.length + 1, part));
    }
    await upload.complete(parts);
    return done(written);
  } catch (error) {
    // The first failure is the one to report.
    await upload.abort().catch((fault) => logFault("An upload was left unfinished.", fault));
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
  const { value } = await reader.readAtLeast(bytes, new Uint8Array(bytes));
  return value ?? new Uint8Array();
}

/** The bytes of a version, all or a range; null if there is no such object. */
export async function readBody(
  bucket: R2Bucket,
  key: string,
  range: ByteRange | null,
): Promise<ReadableStream | null> {
  const object = await bucket.get(key, range ? { range } : {});
  return object?.body ?? null;
}

export const dropBody = (bucket: R2Bucket, key: string): Promise<void> => bucket.delete(key);
