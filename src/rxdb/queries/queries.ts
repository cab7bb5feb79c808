/** query, count, findDocumentsById, getChangedDocumentsSince: reading a collection. */

import type { Collection, OpenIndex } from "../collections";
import { malformed, type Reply, refuse } from "../refusals";
import { loadChanges, loadDocument, loadDocuments } from "../tables/documents";
import { countKeys, walkKeys } from "../tables/index-entries";
import { checkpointAt, seqOf } from "./checkpoint";
import { BadOperand, type Plan, planQuery, type Range, type Walk } from "./plan";
import type { CollectionSchema, StoredDocument } from "./schema";

/** Of an answer, in characters of JSON: more would not fit into a client's patience, or our memory. */
const MAX_ANSWER_LENGTH = 16_000_000;

/** Documents beyond what is asked for that are held while they are sorted. */
const SORTING_SLACK = 1000;

const TOO_LARGE = refuse({
  code: "too-large",
  message: "The answer would be larger than 16 MB. Use limit and skip, or replication.",
});

/** JSON of what `query` returns. Refuses with `malformed` and `too-large`. */
export function runQuery(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  prepared: unknown,
): Reply<string> {
  return withPlan(schema, prepared, (plan) => {
    const documents = matching(sql, collection, plan);
    return documents === null
      ? TOO_LARGE
      : { ok: true, value: `{"documents":[${documents.join(",")}]}` };
  });
}

/** JSON of what `count` returns. Refuses with `malformed`. */
export function runCount(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  prepared: unknown,
): Reply<string> {
  return withPlan(schema, prepared, (plan) => {
    const { range, matches } = plan;
    const { id } = placeOf(collection, plan);
    if (plan.isForAll) return countOf(collection.documents);
    if (matches === null) return countOf(countKeys(sql, id, range));
    let count = 0;
    for (const { id: document } of walkKeys(sql, id, range, "ASC")) {
      const data = loadDocument(sql, collection.id, document);
      if (data !== undefined && matches(JSON.parse(data))) count++;
    }
    return countOf(count);
  });
}

function withPlan(
  schema: CollectionSchema,
  prepared: unknown,
  run: (plan: Plan) => Reply<string>,
): Reply<string> {
  const plan = planQuery(schema, prepared);
  if (!plan.ok) return plan;
  try {
    return run(plan.value);
  } catch (error) {
    if (error instanceof BadOperand) return malformed(error.message);
    throw error;
  }
}

const countOf = (count: number): Reply<string> => ({
  ok: true,
  value: JSON.stringify({ count, mode: "fast" }),
});

/** JSON of what `findDocumentsById` returns. Refuses with `malformed` and `too-large`. */
export function findDocumentsById(
  sql: SqlStorage,
  collection: Collection,
  [ids, withDeleted]: unknown[],
): Reply<string> {
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === "string")) {
    return malformed("These are not ids of documents.");
  }
  const found: string[] = [];
  let length = 0;
  for (const { data, isDeleted } of loadDocuments(sql, collection.id, ids)) {
    if (isDeleted && withDeleted !== true) continue;
    length += data.length;
    if (length > MAX_ANSWER_LENGTH) return TOO_LARGE;
    found.push(data);
  }
  return { ok: true, value: `[${found.join(",")}]` };
}

/**
 * JSON of what `getChangedDocumentsSince` returns: each document once, after its last write, in the
 * order of the writes, which the collection numbers itself, since the clients' clocks differ. As
 * many as fit into an answer, `limit` at most. Refuses with `malformed`.
 */
export function changedSince(
  sql: SqlStorage,
  collection: Collection,
  [limit, checkpoint]: unknown[],
): Reply<string> {
  const since = seqOf(collection, checkpoint);
  if (since === null || !Number.isSafeInteger(limit) || (limit as number) < 0) {
    return malformed("This is not a limit and a checkpoint.");
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
    ? checkpointOf(collection, last)
    : (checkpoint ?? checkpointAt(collection, { id: "", lwt: 0, seq: 0 }));
  const documents = changes.map(({ data }) => data).join(",");
  return {
    ok: true,
    value: `{"documents":[${documents}],"checkpoint":${JSON.stringify(reached)}}`,
  };
}

function checkpointOf(collection: Collection, { seq, data }: { seq: number; data: string }) {
  const document = JSON.parse(data) as StoredDocument;
  const { lwt } = document._meta;
  return checkpointAt(collection, { id: document[collection.primaryPath], lwt, seq });
}

/** The JSON of the documents that a query asks for, in its order; null: too large. */
function matching(sql: SqlStorage, collection: Collection, plan: Plan): string[] | null {
  if (plan.limit === 0) return [];
  const place = placeOf(collection, plan);
  const { walk } = plan;
  return walk && (!walk.needsFaith || place.isFaithful)
    ? readInOrder(sql, collection, place, plan, walk)
    : readAndSort(sql, collection, place, plan);
}

const placeOf = (collection: Collection, { index }: Plan): OpenIndex => {
  const place = collection.indexes.find(({ definition }) => definition === index.definition);
  if (!place) throw new Error("A client's index is not in its collection.");
  return place;
};

/** Where the index has the order of the query: no more is read than is asked for. */
function readInOrder(
  sql: SqlStorage,
  collection: Collection,
  place: OpenIndex,
  { range, matches, skip, limit }: Plan,
  walk: Walk,
): string[] | null {
  const found: string[] = [];
  let skipped = 0;
  let length = 0;
  for (const id of walkIds(sql, place, range, walk, skip + limit)) {
    if (matches === null && skipped < skip) {
      skipped++;
      continue;
    }
    const data = loadDocument(sql, collection.id, id);
    if (data === undefined || (matches && !matches(JSON.parse(data)))) continue;
    if (skipped < skip) {
      skipped++;
      continue;
    }
    length += data.length;
    if (length > MAX_ANSWER_LENGTH) return null;
    found.push(data);
    if (found.length === limit) break;
  }
  return found;
}

/** Where it has not: all that match are read, and as many as are asked for are held. */
function readAndSort(
  sql: SqlStorage,
  collection: Collection,
  place: OpenIndex,
  { range, matches, compare, skip, limit }: Plan,
): string[] | null {
  let found: { data: string; document: StoredDocument }[] = [];
  let length = 0;
  const wanted = skip + limit;
  const keepFirst = () => {
    found.sort((a, b) => compare(a.document, b.document));
    found = found.slice(0, wanted);
    length = found.reduce((sum, { data }) => sum + data.length, 0);
  };
  for (const { id } of walkKeys(sql, place.id, range, "ASC")) {
    const data = loadDocument(sql, collection.id, id);
    if (data === undefined) continue;
    const document = JSON.parse(data) as StoredDocument;
    if (matches && !matches(document)) continue;
    found.push({ data, document });
    length += data.length;
    if (found.length >= wanted + SORTING_SLACK) keepFirst();
    if (length > 2 * MAX_ANSWER_LENGTH) {
      keepFirst();
      if (length > 2 * MAX_ANSWER_LENGTH) return null;
    }
  }
  keepFirst();
  const documents = found.slice(skip).map(({ data }) => data);
  return documents.reduce((sum, { length }) => sum + length, 0) > MAX_ANSWER_LENGTH
    ? null
    : documents;
}

/**
 * The ids of a range of an index, one by one: its keys in one direction, and those which differ in
 * the primary key alone, a group, perhaps in the other. So an index serves both ways, and as a group
 * is whole when the next one begins, either way reads one key more than is asked for. `wanted` is how
 * many will be taken at most.
 */
function* walkIds(
  sql: SqlStorage,
  place: OpenIndex,
  range: Range,
  walk: Walk,
  wanted: number,
): Generator<string> {
  const {
    id: index,
    index: { groupOf },
  } = place;
  const { keys, ids } = walk;
  let group: string | null = null;
  let members: string[] = [];
  for (const { key, id } of walkKeys(sql, index, range, keys)) {
    const its = groupOf(key, id);
    if (its !== group || (keys === ids && members.length > wanted)) {
      yield* keys === ids ? members : members.toReversed();
      members = [];
    }
    group = its;
    members.push(id);
    if (keys !== ids && members.length > wanted) {
      // More than anybody wants are alike: they are read from their other end, and then the rest.
      for (const { id } of walkKeys(sql, index, stretchOf(group, range), ids)) yield id;
      yield* walkIds(sql, place, beyond(group, range, keys), walk, wanted);
      return;
    }
  }
  yield* keys === ids ? members : members.toReversed();
}

/** After every character that a key can have. */
const LAST = "\u{10ffff}";

const stretchOf = (group: string, range: Range): Range =>
  intersect(range, { lower: group, upper: group + LAST });

const beyond = (group: string, range: Range, keys: Walk["keys"]): Range =>
  keys === "ASC"
    ? { ...range, lower: group + LAST, isLowerIn: false }
    : { ...range, upper: group, isUpperIn: false };

const intersect = (range: Range, { lower, upper }: { lower: string; upper: string }): Range => ({
  ...(range.lower >= lower
    ? { lower: range.lower, isLowerIn: range.isLowerIn }
    : { lower, isLowerIn: true }),
  ...(range.upper <= upper
    ? { upper: range.upper, isUpperIn: range.isUpperIn }
    : { upper, isUpperIn: true }),
});
