/** The bytes of large attachments in R2, each under a key that is never written twice. */

import { withRetry } from "../platform/retry";

/** Writes an object. Rejects if R2 does not confirm it. */
export async function putObject(bucket: R2Bucket, key: string, bytes: Uint8Array): Promise<void> {
  await withRetry(() => bucket.put(key, bytes));
}

/** Reads an object into memory. Returns null if it does not exist. */
export async function getObject(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  const object = await withRetry(() => bucket.get(key));
  return object && new Uint8Array(await object.arrayBuffer());
}
