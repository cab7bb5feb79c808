/** Random schemas, documents and queries as RxDB apps might have them, odd ones above all. */

import {
  fillWithDefaultSettings,
  getComposedPrimaryKeyOfDocumentData,
  type MangoQuery,
  type RxDocumentData,
  type RxJsonSchema,
} from "rxdb/plugins/core";

export type Document = Record<string, unknown>;
export type Stored = RxDocumentData<Document>;
export type Schema = RxJsonSchema<Stored>;

/** The same numbers for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, from 0 up to `below`. */
  below = (below: number): number => Math.floor(this.next() * below);

  chance = (of: number): boolean => this.next() < of;

  of = <T>(items: readonly T[]): T => items[this.below(items.length)] as T;

  some = <T>(items: readonly T[], atMost = items.length): T[] => {
    const left = [...items];
    const count = this.below(Math.min(atMost, left.length) + 1);
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0] as T);
  };

  many = <T>(atMost: number, make: () => T): T[] =>
    Array.from({ length: this.below(atMost + 1) }, make);
}

// biome-ignore format: one odd thing after the other
const PIECES = [
  "a", "b", "B", "ab", "z", "0", "1", "10", "9", "é", "e\u0301", "ß", "日", "\u{1F600}", "\u{10FFFF}",
  "\ud83d", "\ude00", "\ud800", "\udfff", "\uffff", "\ufffe", "\ufffd", "\ufeff", "\ue000", "\u2028",
  "\0", "\x01", "\b", "\t", "\n", "\r", "\x1f", "\x7f", "\x80", "\xa0", "!", "|", "'", '"', "\\", "%", "_",
  "$a", "a.b", "/", "null", "__proto__", "constructor", "-",
];

/** Up to four pieces; may begin or end with spaces. */
export function oddString(random: Random, maxLength: number): string {
  const pieces = random.many(3, () => (random.chance(0.15) ? " " : random.of(PIECES)));
  return pieces.join("").slice(0, maxLength);
}

/** Ids may neither begin nor end with a space, nor be empty. */
function oddId(random: Random, maxLength: number): string {
  const id = oddString(random, maxLength - 1).replace(/^ +| +$/g, "");
  return id || `id${random.below(20)}`;
}

/** Paths that may be in an index. */
const INDEXABLE = ["s", "t", "n", "f", "b", "o.k", "o.v", "o.deep.x", "neg"];

const NUMBERS = {
  n: { type: "integer", minimum: 0, maximum: 50, multipleOf: 1 },
  f: { type: "number", minimum: -10, maximum: 10, multipleOf: 0.01 },
  neg: { type: "number", minimum: -1000.5, maximum: -0.5, multipleOf: 0.5 },
  "o.v": { type: "number", minimum: 0, maximum: 1000, multipleOf: 0.1 },
  "o.deep.x": { type: "integer", minimum: -5, maximum: 5, multipleOf: 1 },
} as const;

const ID_LENGTH = 60;

/** `like`: the same collection, as another release of its app has it: with other indexes. */
export function randomSchema(random: Random, like?: Schema): Schema {
  const isComposite = random.chance(0.3);
  const primaryKey = isComposite
    ? {
        key: "id",
        fields: random.of([["s", "n"], ["n", "o.k"], ["s"]]),
        separator: random.of(["|", "", "-"]),
      }
    : "id";
  const indexes = random.many(4, () => {
    const [first = "n", ...more] = random.some(INDEXABLE, 3);
    const index = random.chance(0.1) ? ["_deleted", first, ...more] : [first, ...more];
    return index.length === 1 && random.chance(0.5) ? first : index;
  });
  const schema = {
    version: like?.version ?? random.below(3),
    type: "object",
    primaryKey: like?.primaryKey ?? primaryKey,
    properties: {
      id: { type: "string", maxLength: ID_LENGTH },
      s: { type: "string", maxLength: like ? random.of([12, 40]) : 12 },
      t: { type: "string", maxLength: 5 },
      n: NUMBERS.n,
      f: NUMBERS.f,
      neg: NUMBERS.neg,
      b: { type: "boolean" },
      o: {
        type: "object",
        properties: {
          k: { type: "string", maxLength: 8 },
          v: NUMBERS["o.v"],
          deep: { type: "object", properties: { x: NUMBERS["o.deep.x"] } },
        },
      },
      tags: { type: "array", items: { type: "string" } },
      items: { type: "array", items: { type: "object" } },
      any: {},
    },
    required: ["id", "s", "n"],
    indexes: [...new Map(indexes.map((index) => [String(index), index])).values()],
    ...((like ? like.attachments : random.chance(0.4)) ? { attachments: {} } : {}),
  };
  return fillWithDefaultSettings(schema as unknown as RxJsonSchema<Document>) as unknown as Schema;
}

/** Mostly as its schema has it; clients that do not validate write others too. */
function oddNumber(random: Random, path: keyof typeof NUMBERS): number {
  const { minimum, maximum, multipleOf } = NUMBERS[path];
  if (random.chance(0.04))
    return random.of([minimum - 3, maximum + 7, 1e20, -1e20, -0, 0.30000000000000004]);
  const steps = Math.min(random.of([3, 1e9]), (maximum - minimum) / multipleOf);
  const value = minimum + Math.floor(random.next() * (steps + 1)) * multipleOf;
  return Number(value.toFixed(2));
}

function anything(random: Random): unknown {
  return random.of<() => unknown>([
    () => null,
    () => oddString(random, 30),
    () => oddNumber(random, "f"),
    () => random.chance(0.5),
    () => [oddString(random, 3), random.below(3)],
    () => ({ x: random.below(3), [oddString(random, 5)]: null }),
  ])();
}

/** Too long strings end in a way that no two index entries are equal by it. */
const text = (random: Random, maxLength: number): string =>
  random.chance(0.02) ? `${"x".repeat(maxLength + 1)}~~~` : oddString(random, maxLength);

/** What an app writes, without what RxDB adds; the id may be given. */
export function randomContent(random: Random, schema: Schema, id?: string): Document {
  const optional: [string, () => unknown][] = [
    ["t", () => text(random, 5)],
    ["f", () => oddNumber(random, "f")],
    ["neg", () => oddNumber(random, "neg")],
    ["b", () => random.chance(0.5)],
    ["tags", () => random.many(3, () => oddString(random, 4))],
    ["items", () => random.many(3, () => ({ x: random.below(4), y: oddString(random, 3) }))],
    ["any", () => anything(random)],
  ];
  const document: Document = {
    id: id ?? oddId(random, 24),
    s: text(random, 12),
    n: oddNumber(random, "n"),
    o: {
      k: text(random, 8),
      v: oddNumber(random, "o.v"),
      ...(random.chance(0.8) ? { deep: { x: oddNumber(random, "o.deep.x") } } : {}),
    },
  };
  for (const [name, make] of optional) if (random.chance(0.85)) document[name] = make();
  if (typeof schema.primaryKey === "object") {
    const composed = getComposedPrimaryKeyOfDocumentData(schema, document as Stored);
    document.id = composed.replace(/^ +| +$/g, "_").slice(0, ID_LENGTH) || "_";
  }
  return document;
}

/** Paths that a query may ask for, with how a value for it is made. */
const ASKED: [string, (random: Random) => unknown][] = [
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
  ["any", anything],
  ["_deleted", (random) => random.chance(0.5)],
];

const valueAt = (document: Document, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((value, name) => (value as Document | undefined)?.[name], document);

const TYPES = ["string", "number", "bool", "array", "object", "null", "double", "int", "undefined"];
const PATTERNS = [
  "^a",
  "a",
  "b$",
  "^.$",
  "\\s",
  "[^\\x00-\\x7f]",
  "^$",
  ".*",
  "A",
  "\\ud83d",
  "(",
  "x+",
];

/** One condition on a path; values are taken from documents, so that there is something to find. */
function condition(random: Random, documents: Document[]): Document {
  const [path, make] = random.of(ASKED);
  const value = (): unknown => {
    if (random.chance(0.04)) return random.of([null, "", 0, true, "\uffff", -1e9]);
    const found = documents.length > 0 ? valueAt(random.of(documents), path) : undefined;
    return found !== undefined && random.chance(0.7) ? found : make(random);
  };
  const values = () => random.many(4, value);
  const single = (): Document =>
    random.of<() => Document>([
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
      () => ({ $type: random.of(TYPES) }),
      () => ({ $regex: random.of(PATTERNS), ...(random.chance(0.3) ? { $options: "i" } : {}) }),
      () => ({ $mod: [random.of([2, 3, 5]), random.below(3)] }),
    ])();
  return random.of<() => Document>([
    () => ({ [path]: single() }),
    () => ({ [path]: single() }),
    () => ({ [path]: single() }),
    () => ({ [path]: single() }),
    () => ({ [path]: value() }),
    () => ({ [path]: { $not: single() } }),
    () => ({ tags: { $size: random.below(4) } }),
    () => ({
      tags: random.of([{ $in: ["a", "b"] }, { $elemMatch: { $regex: random.of(PATTERNS) } }]),
    }),
    () => ({ items: { $elemMatch: { x: { $gte: random.below(4) } } } }),
    () => ({ items: { $elemMatch: { x: random.below(4), y: { $ne: oddString(random, 3) } } } }),
  ])();
}

function selector(random: Random, documents: Document[], depth = 0): Document {
  const parts = random.many(3, () => {
    if (depth > 1 || random.chance(0.75)) return condition(random, documents);
    const inner = Array.from({ length: 1 + random.below(3) }, () =>
      selector(random, documents, depth + 1),
    );
    return { [random.of(["$or", "$and", "$nor"])]: inner };
  });
  return Object.assign({}, ...parts);
}

/** A Mango query as an app asks it, at times for deleted documents too. */
export function randomQuery(
  random: Random,
  schema: Schema,
  documents: Document[],
): MangoQuery<Document> {
  const query: MangoQuery<Document> = { selector: selector(random, documents) as never };
  if (random.chance(0.7)) Object.assign(query.selector as object, { _deleted: { $eq: false } });
  if (random.chance(0.6)) {
    const direction = () => random.of(["asc", "desc"] as const);
    const all = direction();
    const isMixed = random.chance(0.3);
    const index = schema.indexes?.length && random.chance(0.4) ? random.of(schema.indexes) : null;
    const paths =
      index && typeof index !== "string"
        ? index.filter((path) => path !== "_deleted" || random.chance(0.5))
        : // Equal lists and objects are a tie for RxDB, whatever comes next: nobody says in which order.
          random.some([...INDEXABLE, "id", "_meta.lwt"], 3);
    if (paths.length > 0) {
      query.sort = paths.map((path) => ({ [path]: isMixed ? direction() : all }));
    }
  }
  if (random.chance(0.4)) query.limit = random.of([0, 1, 2, 5, 10, 1000]);
  if (random.chance(0.3)) query.skip = random.of([0, 1, 3, 20]);
  // Nobody hints at the index of RxDB's own, by the clocks of clients.
  const hints = (schema.indexes ?? []).filter((index) => !index.includes("_meta.lwt"));
  if (random.chance(0.1) && hints.length > 0) query.index = [...(random.of(hints) as string[])];
  return query;
}
