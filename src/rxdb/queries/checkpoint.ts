/** Checkpoints: the latest write of a collection that a client has replicated. Pure. */

import { isObject } from "../sockets/frames";

/**
 * Returns the checkpoint after a write, for the client to send back. What counts is `seq`, the number
 * that the collection gave the write, since clients' clocks differ; and the collection's id, since a
 * collection that is removed and created again starts anew. `id` and `lwt` are what RxDB's own
 * storages have.
 */
export const createCheckpoint = (
  collection: { id: number },
  { id, lwt, seq }: { id: unknown; lwt: number; seq: number },
) => ({ id, lwt, seq, collection: collection.id });

/**
 * Returns the number of the write up to which a client has all changes; 0 if it has none, or those of
 * another collection. Returns null if this is not a checkpoint.
 */
export function parseCheckpoint(collection: { id: number }, checkpoint: unknown): number | null {
  if (!isObject(checkpoint)) return 0;
  const { seq = 0, collection: collectionId } = checkpoint;
  if (!Number.isSafeInteger(seq)) return null;
  return collectionId === collection.id ? (seq as number) : 0;
}
