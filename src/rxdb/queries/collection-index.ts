/** An index of a collection: its definition, and the keys of documents in it. Pure. */

import {
  getIndexableStringMonad,
  getSchemaByObjectPath,
  getStringLengthOfIndexNumber,
  objectPathMonad,
} from "rxdb/plugins/core";
import { sortableKey } from "./sort-key";
import type { RxSchema, StoredDocument } from "./stored-document";

/** An index, with the functions that depend on its fields. */
export interface CollectionIndex {
  fields: string[];
  /** Equal for two clients' schemas if and only if documents have the same keys in both. */
  definition: string;
  /** Whether its last field is the primary key. */
  endsWithPrimary: boolean;
  /** The key of a document, as SQLite has to sort it (`sortableKey`). */
  keyOf(document: StoredDocument): string;
  /**
   * The part of a key that is equal for documents that differ only in the primary key; `id` as
   * `sortableText` returns it. Valid as long as all documents are in order.
   */
  groupKeyOf(key: string, id: string): string;
  /**
   * Whether the document's key sorts where RxDB's comparison of documents would put the document. It
   * does not if values violate the schema, or contain characters that sort before the spaces with
   * which keys are padded.
   */
  isInOrder(document: StoredDocument): boolean;
}

/** Characters of a key, so that a schema cannot make a small document large. */
const MAX_KEY_LENGTH = 8192;

/** What keys depend on, per field: its path, its type, and its length or limits. */
type IndexField =
  | [path: string, type: "string", maxLength: number]
  | [path: string, type: "boolean"]
  | [path: string, type: "number", minimum: number, maximum: number, multipleOf: number];

/**
 * Returns the definition of an index. Returns null if the schema lacks what the keys need to know of a
 * field, which RxDB checks only in its dev-mode, or if they would be too long.
 */
export function defineIndex(schema: RxSchema, fields: string[]): string | null {
  const defined = fields.map((path) => defineField(schema, path));
  if (!defined.every((field) => field !== null)) return null;
  const length = defined.reduce((sum, field) => sum + keyLengthOf(field), 0);
  return length <= MAX_KEY_LENGTH ? JSON.stringify(defined) : null;
}

function defineField(schema: RxSchema, path: string): IndexField | null {
  const field = getSchemaByObjectPath(schema, path) as Record<string, unknown> | undefined;
  const { type, maxLength, minimum, maximum, multipleOf } = field ?? {};
  if (type === "string") {
    return isMaxLength(maxLength) ? [path, type, maxLength] : null;
  }
  if (type === "boolean") return [path, type];
  const isLimited = [minimum, maximum, multipleOf].every(Number.isFinite);
  if ((type !== "number" && type !== "integer") || !isLimited) return null;
  return [path, "number", minimum as number, maximum as number, multipleOf as number];
}

/** Whether a schema's `maxLength` is one. */
export const isMaxLength = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0;

/** Returns the index with a definition. */
export function createIndex(definition: string, primaryPath: string): CollectionIndex {
  const indexFields = JSON.parse(definition) as IndexField[];
  const fields = indexFields.map(([path]) => path);
  const indexableString = getIndexableStringMonad(schemaOfFields(indexFields), fields);
  const orderChecks = indexFields.map(orderCheckOf);
  const endsWithPrimary = fields.at(-1) === primaryPath;
  return {
    fields,
    definition,
    endsWithPrimary,
    keyOf: (document) => sortableKey(indexableString(document)),
    groupKeyOf: (key, id) => (endsWithPrimary ? key.slice(0, -id.length - 1) : key),
    isInOrder: (document) => orderChecks.every((isFieldInOrder) => isFieldInOrder(document)),
  };
}

/** The smallest schema of which indexes have these definitions: its properties and its indexes. */
export function smallestSchema(
  definitions: string[],
  primaryPath: string,
): { properties: Record<string, unknown>; indexes: string[][] } {
  const indexes = definitions.map((definition) => JSON.parse(definition) as IndexField[]);
  const { properties } = schemaOfFields(indexes.flat());
  return {
    properties: { [primaryPath]: { type: "string" }, ...properties },
    indexes: indexes.map((fields) => fields.map(([path]) => path)),
  };
}

/** The smallest schema with these fields. */
function schemaOfFields(fields: IndexField[]): RxSchema {
  const root = { properties: {} as Record<string, unknown> };
  for (const [path, type, ...rest] of fields) {
    const names = path.split(".");
    let parent = root;
    for (const name of names.slice(0, -1)) {
      parent.properties[name] ??= { type: "object", properties: {} };
      parent = parent.properties[name] as typeof root;
    }
    const [minimum, maximum, multipleOf] = rest;
    parent.properties[names.at(-1) as string] =
      type === "string"
        ? { type, maxLength: rest[0] }
        : { type, ...(type === "number" ? { minimum, maximum, multipleOf } : {}) };
  }
  return root as unknown as RxSchema;
}

const numberFormatOf = ([, , minimum, maximum, multipleOf]: Extract<
  IndexField,
  [string, "number", ...unknown[]]
>) => getStringLengthOfIndexNumber({ type: "number", minimum, maximum, multipleOf });

/** How many characters of a key a field has. */
function keyLengthOf(field: IndexField): number {
  if (field[1] === "string") return field[2];
  if (field[1] === "boolean") return 1;
  const { nonDecimals, decimals } = numberFormatOf(field);
  return nonDecimals + decimals;
}

/** Returns the check whether a field of a document keeps the order: `CollectionIndex.isInOrder`. */
function orderCheckOf(field: IndexField): (document: StoredDocument) => boolean {
  const readField = objectPathMonad<StoredDocument>(field[0]) as (
    document: StoredDocument,
  ) => unknown;
  if (field[1] === "boolean") return (document) => typeof readField(document) === "boolean";
  if (field[1] === "string") return (document) => isUnmovedByPadding(readField(document), field[2]);
  const [, , minimum, maximum] = field;
  const { multiplier } = numberFormatOf(field);
  return (document) => {
    const value = readField(document);
    const isWithin = typeof value === "number" && value >= minimum && value <= maximum;
    return isWithin && Math.round(value * multiplier) / multiplier === value;
  };
}

/** Whether a text sorts the same with and without spaces at its end. */
const isUnmovedByPadding = (value: unknown, maxLength: number): boolean =>
  typeof value === "string" &&
  value.length <= maxLength &&
  !value.endsWith(" ") &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the check is about control characters
  !/[\0-\x1f]/.test(value);
