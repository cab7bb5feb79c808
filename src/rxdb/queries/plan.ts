/** Plans a query: which range of which index is read, and in which order. Pure. */

import {
  getQueryPlan,
  getSortComparator,
  getStartIndexStringFromLowerBound,
  getStartIndexStringFromUpperBound,
  objectPathMonad,
} from "rxdb/plugins/core";
import { type CallOutcome, reasonSuffix, refuseMalformed } from "../refusals";
import { isObject } from "../sockets/frames";
import type { Work } from "../work";
import type { CollectionIndex } from "./collection-index";
import { createMatcher } from "./matcher";
import type { CollectionSchema } from "./schema";
import { sortableKey } from "./sort-key";
import type { StoredDocument } from "./stored-document";

/** A range of the keys of an index. */
export interface KeyRange {
  lower: string;
  upper: string;
  includesLower: boolean;
  includesUpper: boolean;
}

/** The order in which an index is scanned: its keys, and ids where only the primary keys differ. */
export interface ScanOrder {
  keys: "ASC" | "DESC";
  ids: "ASC" | "DESC";
}

/** How a query is run. */
export interface QueryPlan {
  index: CollectionIndex;
  range: KeyRange;
  /** Null if all documents in the range match. */
  matches: ((document: StoredDocument) => boolean) | null;
  /**
   * The scan that yields the documents in the order of the query; null if none does. With
   * `needsOrderedIndex`, it does so only while all documents are in order in the index
   * (`CollectionIndex.isInOrder`).
   */
  scanOrder: (ScanOrder & { needsOrderedIndex: boolean }) | null;
  compare: (a: StoredDocument, b: StoredDocument) => number;
  /** Returns what `compare` reads of a document: a document as a whole may take much memory. */
  sortKeyOf: (document: StoredDocument) => StoredDocument;
  skip: number;
  /** Infinity if there is no limit. */
  limit: number;
}

type Direction = "asc" | "desc";

/** A Mango query as RxDB normalizes it. */
interface NormalizedQuery {
  selector: Record<string, unknown>;
  sort: Record<string, Direction>[];
  skip: number;
  limit: number;
  index?: string[];
}

/**
 * Plans a prepared query of RxDB. Ignores the client's own plan: it may be for indexes that are not
 * kept here, and from another version of RxDB. Matching counts as work. Refuses with `malformed`.
 */
export function planQuery(
  schema: CollectionSchema,
  prepared: unknown,
  work: Work,
): CallOutcome<QueryPlan> {
  const query = parseQuery(schema, isObject(prepared) ? prepared.query : undefined);
  if (query === null) return refuseMalformed("The parameter must be a prepared query of RxDB.");
  try {
    return { ok: true, value: buildPlan(schema, query, work) };
  } catch (error) {
    // RxDB's planner or matcher throws, for example for an operator that it does not know.
    return refuseMalformed(describeFailure(error));
  }
}

const describeFailure = (error: unknown): string => `The query cannot be run${reasonSuffix(error)}`;

/** Thrown by `QueryPlan.matches` if RxDB's matcher cannot use an operand of the query. */
export class InvalidOperand extends Error {}

/** Returns null if this is not a normalized query. */
function parseQuery(schema: CollectionSchema, raw: unknown): NormalizedQuery | null {
  if (!isObject(raw) || !isObject(raw.selector) || !Array.isArray(raw.sort)) return null;
  const { selector, sort, skip = 0, limit, index } = raw;
  const isSort = sort.every(
    (part) => isObject(part) && ["asc", "desc"].includes(Object.values(part)[0] as string),
  );
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isSort || !isCount(skip) || (typeof limit === "number" && !isCount(limit))) return null;
  const hasIndex = schema.indexes.some(({ fields }) => String(fields) === String(index));
  return {
    selector,
    sort,
    skip: skip as number,
    limit: typeof limit === "number" ? limit : Number.POSITIVE_INFINITY,
    ...(hasIndex ? { index: index as string[] } : {}),
  };
}

/** Whether a prepared query selects all documents that are not deleted: planning it would take longer. */
export function selectsAll(schema: CollectionSchema, prepared: unknown): boolean {
  const query = parseQuery(schema, isObject(prepared) ? prepared.query : undefined);
  const { _deleted, ...others } = query?.selector ?? {};
  const hasOneOperator = isObject(_deleted) && Object.keys(_deleted).length === 1;
  return hasOneOperator && _deleted.$eq === false && Object.keys(others).length === 0;
}

/** Throws if RxDB cannot plan or match the query. */
function buildPlan(schema: CollectionSchema, query: NormalizedQuery, work: Work): QueryPlan {
  const { plannerSchema } = schema;
  const directions = query.sort.map((part) => Object.values(part)[0] as Direction);
  const isAscending = directions.every((direction) => direction === "asc");
  // RxDB's planner only knows ascending scans; what it says of those holds for descending ones too.
  const ascendingSort = query.sort.map((part) => ({ [Object.keys(part)[0] as string]: "asc" }));
  const plan = getQueryPlan(plannerSchema, { ...query, sort: ascendingSort } as never);
  const index = schema.indexes.find(({ fields }) => String(fields) === String(plan.index));
  if (!index) throw new Error("there is no such index.");
  const lower = getStartIndexStringFromLowerBound(plannerSchema, index.fields, plan.startKeys);
  const upper = getStartIndexStringFromUpperBound(plannerSchema, index.fields, plan.endKeys);
  return {
    index,
    range: {
      lower: sortableKey(lower),
      upper: sortableKey(upper),
      includesLower: plan.inclusiveStart,
      includesUpper: plan.inclusiveEnd,
    },
    matches: plan.selectorSatisfiedByIndex
      ? null
      : catchOperandErrors(createMatcher(query.selector, work)),
    scanOrder: plan.sortSatisfiedByIndex
      ? findScanOrder(schema, index, query, directions, isAscending)
      : null,
    compare: getSortComparator(plannerSchema, query as never) as QueryPlan["compare"],
    sortKeyOf: fieldPicker(query.sort.map((part) => Object.keys(part)[0] as string)),
    skip: query.skip,
    limit: query.limit,
  };
}

/** Returns a function that copies only these fields of a document, which may be nested. */
function fieldPicker(paths: string[]): QueryPlan["sortKeyOf"] {
  const readers = paths.map((path) => [path.split("."), objectPathMonad(path)] as const);
  return (document) => {
    const picked: Record<string, unknown> = {};
    for (const [names, read] of readers) {
      let parent = picked;
      for (const name of names.slice(0, -1)) {
        parent[name] = isObject(parent[name]) ? { ...parent[name] } : {};
        parent = parent[name] as typeof picked;
      }
      parent[names.at(-1) as string] = read(document);
    }
    return picked as StoredDocument;
  };
}

/** RxDB's matcher throws for some operands, such as an `$in` that is not a list. */
const catchOperandErrors =
  (matches: NonNullable<QueryPlan["matches"]>): QueryPlan["matches"] =>
  (document) => {
    try {
      return matches(document);
    } catch (error) {
      throw new InvalidOperand(describeFailure(error));
    }
  };

/**
 * Returns the scan for a sort by the fields of the index, in their order. Returns null if the sort
 * mixes directions; only the primary key at the end may differ from the rest.
 */
function findScanOrder(
  schema: CollectionSchema,
  index: CollectionIndex,
  query: NormalizedQuery,
  directions: Direction[],
  isAscending: boolean,
): QueryPlan["scanOrder"] {
  if (isAscending) return { keys: "ASC", ids: "ASC", needsOrderedIndex: false };
  const lastField = Object.keys(query.sort.at(-1) ?? {})[0];
  const endsWithPrimary = lastField === schema.primaryPath && index.endsWithPrimary;
  const keyDirections = new Set(endsWithPrimary ? directions.slice(0, -1) : directions);
  if (keyDirections.size > 1) return null;
  const ids = directions.at(-1) === "asc" ? "ASC" : "DESC";
  const order = { keys: keyDirections.has("asc") ? "ASC" : "DESC", ids } as const;
  return { ...order, needsOrderedIndex: true };
}
