/** The schema of a collection as a client sends it: which indexes it has, and what their keys are. Pure. */

import {
  getIndexableStringMonad,
  getPrimaryFieldOfPrimaryKey,
  getSchemaByObjectPath,
  getStringLengthOfIndexNumber,
  objectPathMonad,
  type RxJsonSchema,
} from "rxdb/plugins/core";
import { malformed, type Reply, reasonIn } from "../refusals";
import { isObject } from "../sockets/frames";
import { sortableKey } from "./sort-key";

/** A document as RxDB's storages keep it. What else is in it is the app's. */
export interface StoredDocument {
  _deleted: boolean;
  _rev: string;
  _meta: { lwt: number };
  _attachments: Record<string, AttachmentStub>;
  [field: string]: unknown;
}

interface AttachmentStub {
  digest: string;
  length: number;
  type: string;
}

export type RxSchema = RxJsonSchema<StoredDocument>;

export interface Index {
  fields: string[];
  /** Equal where the same documents have the same keys, whichever client's schema it stands in. */
  definition: string;
  /** Whether its last field is the primary key. */
  endsWithPrimary: boolean;
  /** The key of a document, to be sorted as SQLite does. */
  keyOf(document: StoredDocument): string;
  /**
   * The part of such a key that documents share which differ in the primary key alone; `id` as
   * `sortable` has made it. Holds as long as all documents are faithful.
   */
  groupOf(key: string, id: string): string;
  /**
   * Whether the document's place in the index is the one that its values have in RxDB's comparison
   * of documents. It is not where values do not keep to the schema, or have characters that sort
   * before the spaces to which keys are filled up.
   */
  isFaithful(document: StoredDocument): boolean;
}

export interface CollectionSchema {
  version: number;
  primaryPath: string;
  hasAttachments: boolean;
  indexes: Index[];
  /** What RxDB's planner is to see: the schema with just these indexes. */
  planned: RxSchema;
}

const MAX_INDEXES = 64;

/** Characters of a key, so that a schema cannot make a small document large. */
const MAX_KEY_LENGTH = 8192;

/**
 * Reads a schema. By `_meta.lwt`, the client's clock, nobody looks for documents but RxDB itself,
 * for changes and cleanup, which go by other means here: its indexes, which change with every
 * write, are not kept. Refuses with `malformed`.
 */
export function parseSchema(raw: unknown): Reply<CollectionSchema> {
  if (!isObject(raw) || !isObject(raw.properties) || !Number.isSafeInteger(raw.version)) {
    return malformed("The schema is not one that RxDB has filled in.");
  }
  const { primaryKey } = raw;
  const isNamed = typeof primaryKey === "string" || isObject(primaryKey);
  const primaryPath = isNamed && (getPrimaryFieldOfPrimaryKey(primaryKey as never) as unknown);
  if (typeof primaryPath !== "string") return malformed("The schema has no primary key.");
  const fields = indexesOf(raw.indexes, primaryPath);
  if (fields === null) return malformed("The schema's indexes are not lists of fields.");
  const planned = { ...raw, indexes: fields } as unknown as RxSchema;
  try {
    return {
      ok: true,
      value: {
        version: raw.version as number,
        primaryPath,
        hasAttachments: Boolean(raw.attachments),
        indexes: fields.map((index) => {
          const definition = JSON.stringify(index.map((field) => describeField(planned, field)));
          return makeIndex(definition, primaryPath);
        }),
        planned,
      },
    };
  } catch (error) {
    return malformed(`The schema's indexes cannot be used${reasonIn(error)}`);
  }
}

function indexesOf(raw: unknown, primaryPath: string): string[][] | null {
  if (!Array.isArray(raw) || raw.length > MAX_INDEXES) return null;
  const isList = (index: unknown): index is string[] =>
    Array.isArray(index) && index.length > 0 && index.every((field) => typeof field === "string");
  if (!raw.every(isList)) return null;
  const kept = raw.filter((index) => !index.includes("_meta.lwt") && index.includes(primaryPath));
  return kept.length > 0 ? kept : [["_deleted", primaryPath]];
}

/** What the keys of an index depend on, per field: its path, its type, and its length or limits. */
type Part =
  | [field: string, type: "string", maxLength: number]
  | [field: string, type: "boolean"]
  | [field: string, type: "number", minimum: number, maximum: number, multipleOf: number];

/** Throws an Error with a sentence if the schema does not say of a field what an index needs. */
function describeField(schema: RxSchema, field: string): Part {
  const part = getSchemaByObjectPath(schema, field) as Record<string, unknown> | undefined;
  const { type, maxLength, minimum, maximum, multipleOf } = part ?? {};
  if (type === "string" && Number.isSafeInteger(maxLength)) {
    return [field, type, maxLength as number];
  }
  if (type === "boolean") return [field, type];
  const isLimited = [minimum, maximum, multipleOf].every(Number.isFinite);
  if ((type === "number" || type === "integer") && isLimited) {
    return [field, "number", minimum as number, maximum as number, multipleOf as number];
  }
  throw new Error(`${field} has no type, length or limits that an index needs.`);
}

/** The index of a definition. Throws an Error with a sentence if its keys would be too long. */
export function makeIndex(definition: string, primaryPath: string): Index {
  const parts = JSON.parse(definition) as Part[];
  const fields = parts.map(([field]) => field);
  const lengths = parts.map(lengthOf);
  if (lengths.reduce((sum, length) => sum + length, 0) > MAX_KEY_LENGTH) {
    throw new Error(`the keys of ${fields.join(", ")} would be too long.`);
  }
  const textOf = getIndexableStringMonad(schemaOf(parts), fields);
  const faith = parts.map(faithOf);
  const endsWithPrimary = fields.at(-1) === primaryPath;
  return {
    fields,
    definition,
    endsWithPrimary,
    keyOf: (document) => sortableKey(textOf(document)),
    groupOf: (key, id) => (endsWithPrimary ? key.slice(0, -id.length - 1) : key),
    isFaithful: (document) => faith.every((isFaithful) => isFaithful(document)),
  };
}

/** A schema that says of these fields what the parts do. */
function schemaOf(parts: Part[]): RxSchema {
  const root = { properties: {} as Record<string, unknown> };
  for (const [path, type, ...rest] of parts) {
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

const decimalsOf = ([, , minimum, maximum, multipleOf]: Extract<
  Part,
  [string, "number", ...unknown[]]
>) => getStringLengthOfIndexNumber({ type: "number", minimum, maximum, multipleOf });

/** Of the text of a field in a key, in characters. */
function lengthOf(part: Part): number {
  if (part[1] === "string") return part[2];
  if (part[1] === "boolean") return 1;
  const { nonDecimals, decimals } = decimalsOf(part);
  return nonDecimals + decimals;
}

function faithOf(part: Part): (document: StoredDocument) => boolean {
  const readField = objectPathMonad<StoredDocument>(part[0]) as (
    document: StoredDocument,
  ) => unknown;
  if (part[1] === "boolean") return (document) => typeof readField(document) === "boolean";
  if (part[1] === "string") return (document) => fits(readField(document), part[2]);
  const [, , minimum, maximum] = part;
  const { multiplier } = decimalsOf(part);
  return (document) => {
    const value = readField(document);
    const isWithin = typeof value === "number" && value >= minimum && value <= maximum;
    return isWithin && Math.round(value * multiplier) / multiplier === value;
  };
}

/** Whether filling up with spaces leaves a text where it is. */
const fits = (value: unknown, maxLength: number): boolean =>
  typeof value === "string" &&
  value.length <= maxLength &&
  !value.endsWith(" ") &&
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
  !/[\0-\x1f]/.test(value);
