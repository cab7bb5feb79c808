/** How a query is answered: which stretch of which index is read, in which order. Pure. */

import {
  getQueryMatcher,
  getQueryPlan,
  getSortComparator,
  getStartIndexStringFromLowerBound,
  getStartIndexStringFromUpperBound,
} from "rxdb/plugins/core";
import { malformed, type Reply, reasonIn } from "../refusals";
import { isObject } from "../sockets/frames";
import type { CollectionSchema, Index, StoredDocument } from "./schema";
import { sortableKey } from "./sort-key";

/** A stretch of an index. */
export interface Range {
  lower: string;
  upper: string;
  isLowerIn: boolean;
  isUpperIn: boolean;
}

/** How the index is walked: its keys, and where only the primary keys differ, these. */
export interface Walk {
  keys: "ASC" | "DESC";
  ids: "ASC" | "DESC";
}

export interface Plan {
  index: Index;
  range: Range;
  /** Whether it asks for nothing but that a document is not deleted. */
  isForAll: boolean;
  /** Null: all in the range match. */
  matches: ((document: StoredDocument) => boolean) | null;
  /**
   * The order of the answer, if walking the index yields it; with `needsFaith` only as long as all
   * documents stand in it where their values would have them (`Index.isFaithful`).
   */
  walk: (Walk & { needsFaith: boolean }) | null;
  compare: (a: StoredDocument, b: StoredDocument) => number;
  skip: number;
  /** Infinity: all. */
  limit: number;
}

type Direction = "asc" | "desc";

interface Query {
  selector: Record<string, unknown>;
  sort: Record<string, Direction>[];
  skip: number;
  limit: number;
  index?: string[];
}

/**
 * Plans a prepared query of RxDB. The plan that the client has made is not looked at: it may be for
 * indexes that are not kept here, and of another version of RxDB. Refuses with `malformed`.
 */
export function planQuery(schema: CollectionSchema, prepared: unknown): Reply<Plan> {
  const query = parseQuery(schema, isObject(prepared) ? prepared.query : undefined);
  if (query === null) return malformed("This is not a prepared query of RxDB.");
  try {
    return { ok: true, value: makePlan(schema, query) };
  } catch (error) {
    // By RxDB's planner, or its matcher, which names an operator that it does not know.
    return malformed(whyNot(error));
  }
}

const whyNot = (error: unknown): string => `The query cannot be run${reasonIn(error)}`;

/** Thrown by `Plan.matches` for an operand that turns out to be none. */
export class BadOperand extends Error {}

function parseQuery(schema: CollectionSchema, raw: unknown): Query | null {
  if (!isObject(raw) || !isObject(raw.selector) || !Array.isArray(raw.sort)) return null;
  const { selector, sort, skip = 0, limit, index } = raw;
  const isSorted = sort.every(
    (part) => isObject(part) && ["asc", "desc"].includes(Object.values(part)[0] as string),
  );
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isSorted || !isCount(skip) || (typeof limit === "number" && !isCount(limit))) return null;
  const isKept = schema.indexes.some(({ fields }) => String(fields) === String(index));
  return {
    selector,
    sort,
    skip: skip as number,
    limit: typeof limit === "number" ? limit : Number.POSITIVE_INFINITY,
    ...(isKept ? { index: index as string[] } : {}),
  };
}

function makePlan(schema: CollectionSchema, query: Query): Plan {
  const directions = query.sort.map((part) => Object.values(part)[0] as Direction);
  const isAscending = directions.every((direction) => direction === "asc");
  // RxDB's planner thinks of walking upwards alone: what it says of that holds for the way back.
  const ascending = query.sort.map((part) => ({ [Object.keys(part)[0] as string]: "asc" }));
  const plan = getQueryPlan(schema.planned, { ...query, sort: ascending } as never);
  const index = schema.indexes.find(({ fields }) => String(fields) === String(plan.index));
  if (!index) throw new Error("there is no such index.");
  const lower = getStartIndexStringFromLowerBound(schema.planned, index.fields, plan.startKeys);
  const upper = getStartIndexStringFromUpperBound(schema.planned, index.fields, plan.endKeys);
  const matches = getQueryMatcher(schema.planned, query as never);
  return {
    index,
    isForAll: isForAll(query.selector),
    range: {
      lower: sortableKey(lower),
      upper: sortableKey(upper),
      isLowerIn: plan.inclusiveStart,
      isUpperIn: plan.inclusiveEnd,
    },
    matches: plan.selectorSatisfiedByIndex ? null : careful(matches as never),
    walk: plan.sortSatisfiedByIndex ? walkOf(schema, index, query, directions, isAscending) : null,
    compare: getSortComparator(schema.planned, query as never) as Plan["compare"],
    skip: query.skip,
    limit: query.limit,
  };
}

function isForAll({ _deleted, ...others }: Query["selector"]): boolean {
  const isBare = isObject(_deleted) && Object.keys(_deleted).length === 1;
  return isBare && _deleted.$eq === false && Object.keys(others).length === 0;
}

/** RxDB's matcher breaks on some operands, as `$in` of what is no list. */
const careful =
  (matches: NonNullable<Plan["matches"]>): Plan["matches"] =>
  (document) => {
    try {
      return matches(document);
    } catch (error) {
      throw new BadOperand(whyNot(error));
    }
  };

/** Of a sort by the fields of the index in their order; null: it goes to and fro. */
function walkOf(
  schema: CollectionSchema,
  index: Index,
  query: Query,
  directions: Direction[],
  isAscending: boolean,
): Plan["walk"] {
  if (isAscending) return { keys: "ASC", ids: "ASC", needsFaith: false };
  const last = Object.keys(query.sort.at(-1) ?? {})[0];
  const isByIdLast = last === schema.primaryPath && index.endsWithPrimary;
  const keys = new Set(isByIdLast ? directions.slice(0, -1) : directions);
  if (keys.size > 1) return null;
  const ids = directions.at(-1) === "asc" ? "ASC" : "DESC";
  const walk = { keys: keys.has("asc") ? "ASC" : "DESC", ids } as const;
  return { ...walk, needsFaith: true };
}
