/** RxDB's `findDocumentsById`: reading documents by their ids. */

import type { Collection } from "../collections";
import { type CallOutcome, refuseMalformed } from "../refusals";
import { loadDocumentsById } from "../tables/documents";
import { ANSWER_TOO_LARGE, MAX_ANSWER_LENGTH } from "./answer-limit";

/** Returns the JSON of what `findDocumentsById` returns. Refuses with `malformed` and `too-large`. */
export function findDocumentsById(
  sql: SqlStorage,
  collection: Collection,
  [ids, withDeleted]: unknown[],
): CallOutcome<string> {
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === "string")) {
    return refuseMalformed("The first parameter of findDocumentsById must be a list of ids.");
  }
  const found: string[] = [];
  let length = 0;
  for (const data of loadDocumentsById(sql, collection.id, ids, withDeleted === true)) {
    length += data.length;
    if (length > MAX_ANSWER_LENGTH) return ANSWER_TOO_LARGE;
    found.push(data);
  }
  return { ok: true, value: `[${found.join(",")}]` };
}
