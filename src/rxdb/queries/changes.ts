/** RxDB's `getChangedDocumentsSince`: the documents that changed after a checkpoint. */

import type { Collection } from "../collections";
import { type CallOutcome, refuseMalformed } from "../refusals";
import { loadChanges } from "../tables/documents";
import { MAX_ANSWER_LENGTH } from "./answer-limit";
import { createCheckpoint, parseCheckpoint } from "./checkpoint";
import type { StoredDocument } from "./stored-document";

/**
 * Returns the JSON of what `getChangedDocumentsSince` returns: each document once, in the order of its
 * last write. The collection numbers the writes itself, since clients' clocks differ. Returns at most
 * `limit` documents, and only as many as fit into an answer. Refuses with `malformed`.
 */
export function changedDocumentsSince(
  sql: SqlStorage,
  collection: Collection,
  [limit, checkpoint]: unknown[],
): CallOutcome<string> {
  const since = parseCheckpoint(collection, checkpoint);
  if (since === null || !Number.isSafeInteger(limit) || (limit as number) < 0) {
    return refuseMalformed(
      "The parameters of getChangedDocumentsSince must be a limit and a checkpoint.",
    );
  }
  const changes: { seq: number; data: string }[] = [];
  let length = 0;
  if (limit !== 0) {
    for (const change of loadChanges(sql, collection.id, since)) {
      length += change.data.length;
      if (changes.length > 0 && length > MAX_ANSWER_LENGTH) break;
      changes.push(change);
      if (changes.length === limit) break;
    }
  }
  const last = changes.at(-1);
  const reached = last
    ? checkpointAfter(collection, last)
    : (checkpoint ?? createCheckpoint(collection, { id: "", lwt: 0, seq: 0 }));
  const documents = changes.map(({ data }) => data).join(",");
  return {
    ok: true,
    value: `{"documents":[${documents}],"checkpoint":${JSON.stringify(reached)}}`,
  };
}

function checkpointAfter(collection: Collection, { seq, data }: { seq: number; data: string }) {
  const document = JSON.parse(data) as StoredDocument;
  const { lwt } = document._meta;
  return createCheckpoint(collection, { id: document[collection.primaryPath], lwt, seq });
}
