/** Checkpoints: how far a client knows the changes of a collection. Pure. */

import { isObject } from "../sockets/frames";

/**
 * After a document, for a client to hand back. What counts is the number of its write, which the
 * collection gives, since the clients' clocks differ; the collection, as one that is removed and made
 * again begins anew; and the rest is what RxDB's own storages have.
 */
export const checkpointAt = (
  collection: { id: number },
  { id, lwt, seq }: { id: unknown; lwt: number; seq: number },
) => ({ id, lwt, seq, collection: collection.id });

/**
 * The number of the write up to which a client knows everything; 0: it begins, or it knows another
 * collection. Null: this is no checkpoint.
 */
export function seqOf(collection: { id: number }, checkpoint: unknown): number | null {
  if (!isObject(checkpoint)) return 0;
  const { seq = 0, collection: known } = checkpoint;
  if (!Number.isSafeInteger(seq)) return null;
  return known === collection.id ? (seq as number) : 0;
}
