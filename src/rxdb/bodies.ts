/** The bytes of large attachments in R2, each under a key that is never written twice. */

import { withCallTimeout, withRetry, withTimeout } from "../platform/retry";
import { maxUploadMs, SMALL_BODY_BYTES } from "../storage/bodies";

/** Writes an object. Rejects if R2 does not confirm it. */
export async function putObject(bucket: R2Bucket, key: string, bytes: Uint8Array): Promise<void> {
  await withRetry(() => bucket.put(key, bytes));
}

/**
 * Streams so many bytes into an object. Returns whether it has got them all. Rejects if R2 does not confirm it, or if
 * they take longer than `maxUploadMs`.
 */
export async function putStream(
  bucket: R2Bucket,
  key: string,
  body: ReadableStream,
  length: number,
): Promise<boolean> {
  const longest = maxUploadMs(length);
  const isSmall = length <= SMALL_BODY_BYTES;
  const content = isSmall ? await withTimeout(new Response(body).arrayBuffer(), longest) : body;
  const object = await withCallTimeout(bucket.put(key, content), longest);
  return object?.size === length;
}

/** Opens an object. Returns null if it does not exist. */
export const openObject = (bucket: R2Bucket, key: string): Promise<R2ObjectBody | null> =>
  withRetry(() => bucket.get(key));

/** Reads an object into memory. Returns null if it does not exist. */
export async function getObject(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  const object = await withRetry(() => bucket.get(key));
  return object && new Uint8Array(await object.arrayBuffer());
}
