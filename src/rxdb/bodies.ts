/** The bytes of large attachments in R2, each under a key that is never written twice. */

import { withRetry } from "../platform/retry";
import { dropBodies } from "../storage/bodies";

export { dropBodies };

/** Rejects if R2 does not take it. */
export async function writeWhole(bucket: R2Bucket, key: string, bytes: Uint8Array): Promise<void> {
  await withRetry(() => bucket.put(key, bytes));
}

/** Null: there is no such object. */
export async function readWhole(bucket: R2Bucket, key: string): Promise<Uint8Array | null> {
  const object = await withRetry(() => bucket.get(key));
  return object && new Uint8Array(await object.arrayBuffer());
}

/** Deletes some of the objects whose keys begin so. Returns whether there are more. */
export async function dropSomeBelow(bucket: R2Bucket, prefix: string): Promise<boolean> {
  const { objects, truncated } = await withRetry(() => bucket.list({ prefix }));
  if (objects.length > 0)
    await dropBodies(
      bucket,
      objects.map(({ key }) => key),
    );
  return truncated;
}
