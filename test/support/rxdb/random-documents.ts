/** Random schemas and documents that RxDB apps might have. */

import {
  fillWithDefaultSettings,
  getComposedPrimaryKeyOfDocumentData,
  type RxDocumentData,
  type RxJsonSchema,
} from "rxdb/plugins/core";
import type { Random } from "./random";
import { anyValue, NUMBERS, oddId, oddNumber, oddString } from "./random-values";

export type RandomDocument = Record<string, unknown>;
export type RandomStoredDocument = RxDocumentData<RandomDocument>;
export type RandomSchema = RxJsonSchema<RandomStoredDocument>;

/** Paths that an index may have. */
export const INDEXABLE_PATHS = ["s", "t", "n", "f", "b", "o.k", "o.v", "o.deep.x", "neg"];

const MAX_ID_LENGTH = 60;

/** A schema. With `like`, one with other indexes for the same collection, as in another release of its app. */
export function randomSchema(random: Random, like?: RandomSchema): RandomSchema {
  const isComposite = random.chance(0.3);
  const primaryKey = isComposite
    ? {
        key: "id",
        fields: random.pick([["s", "n"], ["n", "o.k"], ["s"]]),
        separator: random.pick(["|", "", "-"]),
      }
    : "id";
  const indexes = random.list(4, () => {
    const [first = "n", ...more] = random.sample(INDEXABLE_PATHS, 3);
    const index = random.chance(0.1) ? ["_deleted", first, ...more] : [first, ...more];
    return index.length === 1 && random.chance(0.5) ? first : index;
  });
  const schema = {
    version: like?.version ?? random.below(3),
    type: "object",
    primaryKey: like?.primaryKey ?? primaryKey,
    properties: {
      id: { type: "string", maxLength: MAX_ID_LENGTH },
      s: { type: "string", maxLength: like ? random.pick([12, 40]) : 12 },
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
  return fillWithDefaultSettings(
    schema as unknown as RxJsonSchema<RandomDocument>,
  ) as unknown as RandomSchema;
}

/** A string, at times too long, with an end that keeps two index entries from being equal by it. */
const text = (random: Random, maxLength: number): string =>
  random.chance(0.02) ? `${"x".repeat(maxLength + 1)}~~~` : oddString(random, maxLength);

/** A document as an app writes it, without what RxDB adds. `id` sets its id. */
export function randomContent(random: Random, schema: RandomSchema, id?: string): RandomDocument {
  const optional: [string, () => unknown][] = [
    ["t", () => text(random, 5)],
    ["f", () => oddNumber(random, "f")],
    ["neg", () => oddNumber(random, "neg")],
    ["b", () => random.chance(0.5)],
    ["tags", () => random.list(3, () => oddString(random, 4))],
    ["items", () => random.list(3, () => ({ x: random.below(4), y: oddString(random, 3) }))],
    ["any", () => anyValue(random)],
  ];
  const document: RandomDocument = {
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
    const composed = getComposedPrimaryKeyOfDocumentData(schema, document as RandomStoredDocument);
    document.id = composed.replace(/^ +| +$/g, "_").slice(0, MAX_ID_LENGTH) || "_";
  }
  return document;
}
