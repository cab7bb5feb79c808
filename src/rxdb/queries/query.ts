/** RxDB's `query` and `count`: running a planned query on a collection. */

import type { Collection, OpenIndex } from "../collections";
import { type CallOutcome, refuseMalformed } from "../refusals";
import { loadDocument } from "../tables/documents";
import { countKeys, scanKeys } from "../tables/index-entries";
import { TOO_MUCH_TO_READ, TooMuchToRead, type Work } from "../work";
import { ANSWER_TOO_LARGE, MAX_ANSWER_LENGTH } from "./answer-limit";
import { InvalidOperand, planQuery, type QueryPlan, type ScanOrder, selectsAll } from "./plan";
import { scanIds } from "./scan";
import type { CollectionSchema } from "./schema";
import type { StoredDocument } from "./stored-document";

/** How many documents more than needed are held in memory while sorting. */
const SORT_BUFFER_DOCUMENTS = 1000;

/** Returns the JSON of what `query` returns. Refuses with `malformed` and `too-large`. */
export function runQuery(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  prepared: unknown,
  work: Work,
): CallOutcome<string> {
  return withPlan(schema, prepared, work, (plan) => {
    const documents = findMatching(sql, collection, plan, work);
    return documents === null
      ? ANSWER_TOO_LARGE
      : { ok: true, value: `{"documents":[${documents.join(",")}]}` };
  });
}

/** Returns the JSON of what `count` returns. Refuses with `malformed` and `too-large`. */
export function runCount(
  sql: SqlStorage,
  collection: Collection,
  schema: CollectionSchema,
  prepared: unknown,
  work: Work,
): CallOutcome<string> {
  if (selectsAll(schema, prepared)) return countAnswer(collection.documents);
  return withPlan(schema, prepared, work, (plan) => {
    const { range, matches } = plan;
    const { id } = openIndexOf(collection, plan);
    if (matches === null) return countAnswer(countKeys(sql, id, range));
    let count = 0;
    for (const { id: documentId } of scanKeys(sql, id, range, "ASC")) {
      const data = loadDocument(sql, collection.id, documentId);
      work.read(data ?? documentId);
      if (data !== undefined && matches(JSON.parse(data))) count++;
    }
    return countAnswer(count);
  });
}

const countAnswer = (count: number): CallOutcome<string> => ({
  ok: true,
  value: JSON.stringify({ count, mode: "fast" }),
});

function withPlan(
  schema: CollectionSchema,
  prepared: unknown,
  work: Work,
  run: (plan: QueryPlan) => CallOutcome<string>,
): CallOutcome<string> {
  const plan = planQuery(schema, prepared, work);
  if (!plan.ok) return plan;
  try {
    return run(plan.value);
  } catch (error) {
    if (error instanceof InvalidOperand) return refuseMalformed(error.message);
    if (error instanceof TooMuchToRead) return TOO_MUCH_TO_READ;
    throw error;
  }
}

/** Returns the documents of a query as JSON, in its order; null if they are too large. */
function findMatching(
  sql: SqlStorage,
  collection: Collection,
  plan: QueryPlan,
  work: Work,
): string[] | null {
  if (plan.limit === 0) return [];
  const openIndex = openIndexOf(collection, plan);
  const { scanOrder } = plan;
  return scanOrder && (!scanOrder.needsOrderedIndex || openIndex.isOrdered)
    ? readInOrder(sql, collection, openIndex, plan, scanOrder, work)
    : readAndSort(sql, collection, openIndex, plan, work);
}

const openIndexOf = (collection: Collection, { index }: QueryPlan): OpenIndex => {
  const openIndex = collection.indexes.find(({ definition }) => definition === index.definition);
  if (!openIndex) throw new Error("A client's index is not in its collection.");
  return openIndex;
};

/** Where the index has the order of the query: reads no more than is asked for. */
function readInOrder(
  sql: SqlStorage,
  collection: Collection,
  openIndex: OpenIndex,
  { range, matches, skip, limit }: QueryPlan,
  order: ScanOrder,
  work: Work,
): string[] | null {
  const found: string[] = [];
  let skipped = 0;
  let length = 0;
  for (const id of scanIds(sql, openIndex, range, order, skip + limit)) {
    if (matches === null && skipped < skip) {
      work.read(id);
      skipped++;
      continue;
    }
    const data = loadDocument(sql, collection.id, id);
    work.read(data ?? id);
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

/** Where it has not: reads all documents that match, and holds about as many as are asked for. */
function readAndSort(
  sql: SqlStorage,
  collection: Collection,
  openIndex: OpenIndex,
  { range, matches, compare, sortKeyOf, skip, limit }: QueryPlan,
  work: Work,
): string[] | null {
  let found: { data: string; sortKey: StoredDocument }[] = [];
  let length = 0;
  const wanted = skip + limit;
  const keepFirst = () => {
    found.sort((a, b) => compare(a.sortKey, b.sortKey));
    found = found.slice(0, wanted);
    length = found.reduce((sum, { data }) => sum + data.length, 0);
  };
  for (const { id } of scanKeys(sql, openIndex.id, range, "ASC")) {
    const data = loadDocument(sql, collection.id, id);
    work.read(data ?? id);
    if (data === undefined) continue;
    const document = JSON.parse(data) as StoredDocument;
    if (matches && !matches(document)) continue;
    found.push({ data, sortKey: sortKeyOf(document) });
    length += data.length;
    if (found.length >= wanted + SORT_BUFFER_DOCUMENTS) keepFirst();
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
