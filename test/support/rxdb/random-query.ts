/** Random Mango queries that RxDB apps might run. */

import type { MangoQuery } from "rxdb/plugins/core";
import type { Random } from "./random";
import { INDEXABLE_PATHS, type RandomDocument, type RandomSchema } from "./random-documents";
import { anyValue, oddId, oddNumber, oddString } from "./random-values";

/** Part of a Mango selector. */
type Condition = Record<string, unknown>;

/** Paths that a query may use, each with a generator of values. */
const QUERIED_PATHS: [string, (random: Random) => unknown][] = [
  ["id", (random) => oddId(random, 24)],
  ["s", (random) => oddString(random, 12)],
  ["t", (random) => oddString(random, 5)],
  ["n", (random) => oddNumber(random, "n")],
  ["f", (random) => oddNumber(random, "f")],
  ["neg", (random) => oddNumber(random, "neg")],
  ["b", (random) => random.chance(0.5)],
  ["o.k", (random) => oddString(random, 8)],
  ["o.v", (random) => oddNumber(random, "o.v")],
  ["o.deep.x", (random) => oddNumber(random, "o.deep.x")],
  ["any", anyValue],
  ["_deleted", (random) => random.chance(0.5)],
];

const valueAt = (document: RandomDocument, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, name) => (value as RandomDocument | undefined)?.[name], document);

const TYPES = ["string", "number", "bool", "array", "object", "null", "double", "int", "undefined"];
/** Without what RE2 takes otherwise than JavaScript: see docs/rxdb.md. */
const PATTERNS = [
  "^a",
  "a",
  "b$",
  "^(a|b)+$",
  "[ -]b?",
  "[^\\x00-\\x7f]",
  "^$",
  ".*",
  "A",
  "(",
  "x+",
];

/** A condition on a path. Most values come from documents, so that it matches some. */
function randomCondition(random: Random, documents: RandomDocument[]): Condition {
  const [path, make] = random.pick(QUERIED_PATHS);
  const value = (): unknown => {
    if (random.chance(0.04)) return random.pick([null, "", 0, true, "\uffff", -1e9]);
    const found = documents.length > 0 ? valueAt(random.pick(documents), path) : undefined;
    return found !== undefined && random.chance(0.7) ? found : make(random);
  };
  const values = () => random.list(4, value);
  const operator = (): Condition =>
    random.pick<() => Condition>([
      () => ({ $eq: value() }),
      () => ({ $eq: value() }),
      () => ({ $gt: value() }),
      () => ({ $gte: value() }),
      () => ({ $lt: value() }),
      () => ({ $lte: value() }),
      () => ({ $gt: value(), $lt: value() }),
      () => ({ $gte: value(), $lte: value() }),
      () => ({ $gt: value(), $lte: value() }),
      () => ({ $ne: value() }),
      () => ({ $in: values() }),
      () => ({ $nin: values() }),
      () => ({ $exists: random.chance(0.7) }),
      () => ({ $type: random.pick(TYPES) }),
      () => ({ $regex: random.pick(PATTERNS), ...(random.chance(0.3) ? { $options: "i" } : {}) }),
      () => ({ $mod: [random.pick([2, 3, 5]), random.below(3)] }),
    ])();
  return random.pick<() => Condition>([
    () => ({ [path]: operator() }),
    () => ({ [path]: operator() }),
    () => ({ [path]: operator() }),
    () => ({ [path]: operator() }),
    () => ({ [path]: value() }),
    () => ({ [path]: { $not: operator() } }),
    () => ({ tags: { $size: random.below(4) } }),
    () => ({
      tags: random.pick([{ $in: ["a", "b"] }, { $elemMatch: { $regex: random.pick(PATTERNS) } }]),
    }),
    () => ({ items: { $elemMatch: { x: { $gte: random.below(4) } } } }),
    () => ({ items: { $elemMatch: { x: random.below(4), y: { $ne: oddString(random, 3) } } } }),
  ])();
}

function randomSelector(random: Random, documents: RandomDocument[], depth = 0): Condition {
  const parts = random.list(3, () => {
    if (depth > 1 || random.chance(0.75)) return randomCondition(random, documents);
    const inner = Array.from({ length: 1 + random.below(3) }, () =>
      randomSelector(random, documents, depth + 1),
    );
    return { [random.pick(["$or", "$and", "$nor"])]: inner };
  });
  return Object.assign({}, ...parts);
}

/** A Mango query, at times for deleted documents too. */
export function randomQuery(
  random: Random,
  schema: RandomSchema,
  documents: RandomDocument[],
): MangoQuery<RandomDocument> {
  const query: MangoQuery<RandomDocument> = {
    selector: randomSelector(random, documents) as never,
  };
  if (random.chance(0.7)) Object.assign(query.selector as object, { _deleted: { $eq: false } });
  if (random.chance(0.6)) {
    const direction = () => random.pick(["asc", "desc"] as const);
    const all = direction();
    const isMixed = random.chance(0.3);
    const index = schema.indexes?.length && random.chance(0.4) ? random.pick(schema.indexes) : null;
    const paths =
      index && typeof index !== "string"
        ? index.filter((path) => path !== "_deleted" || random.chance(0.5))
        : // Not fields with lists or objects: RxDB does not define an order for equal ones.
          random.sample([...INDEXABLE_PATHS, "id", "_meta.lwt"], 3);
    if (paths.length > 0) {
      query.sort = paths.map((path) => ({ [path]: isMixed ? direction() : all }));
    }
  }
  if (random.chance(0.4)) query.limit = random.pick([0, 1, 2, 5, 10, 1000]);
  if (random.chance(0.3)) query.skip = random.pick([0, 1, 3, 20]);
  // Apps give no hint for RxDB's own index, on the clients' clocks.
  const hints = (schema.indexes ?? []).filter((index) => !index.includes("_meta.lwt"));
  if (random.chance(0.1) && hints.length > 0) query.index = [...(random.pick(hints) as string[])];
  return query;
}
