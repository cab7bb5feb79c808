/** Parses the schema that a client sends for a collection. Pure. */

import { getPrimaryFieldOfPrimaryKey } from "rxdb/plugins/core";
import { type CallOutcome, reasonSuffix, refuseMalformed } from "../refusals";
import { isObject } from "../sockets/frames";
import { type CollectionIndex, createIndex, defineIndex, isMaxLength } from "./collection-index";
import type { RxSchema } from "./stored-document";

/** A client's schema of a collection. */
export interface CollectionSchema {
  version: number;
  /** The field with the primary key. */
  primaryPath: string;
  hasAttachments: boolean;
  indexes: CollectionIndex[];
  /** The schema for RxDB's query planner: it has just these indexes. */
  plannerSchema: RxSchema;
}

const MAX_INDEXES = 64;

/** Characters of a primary key for which keys have room where it is not at their end. */
const MAX_ID_LENGTH = 2048;

/**
 * Parses a schema. Indexes that cannot be kept are left out (`parseIndexes`, `defineIndex`): queries then
 * read all documents. Refuses with `malformed` what cannot be used, and what the app believes to be
 * encrypted or compressed, although it is not.
 */
export function parseSchema(raw: unknown): CallOutcome<CollectionSchema> {
  if (!isObject(raw) || !isObject(raw.properties) || !Number.isSafeInteger(raw.version)) {
    return refuseMalformed("The schema was not filled in by RxDB.");
  }
  const { primaryKey } = raw;
  const hasPrimaryKey = typeof primaryKey === "string" || isObject(primaryKey);
  const primaryPath =
    hasPrimaryKey && (getPrimaryFieldOfPrimaryKey(primaryKey as never) as unknown);
  const primaryField = typeof primaryPath === "string" && raw.properties[primaryPath];
  if (
    typeof primaryPath !== "string" ||
    !isObject(primaryField) ||
    primaryField.type !== "string"
  ) {
    return refuseMalformed("The schema has no primary key that is a string.");
  }
  const missing = findMissingPlugin(raw);
  if (missing) return refuseMalformed(missing);
  const idLength = primaryField.maxLength;
  const isIdLimited = isMaxLength(idLength) && idLength <= MAX_ID_LENGTH;
  const parsed = parseIndexes(raw.indexes, primaryPath, isIdLimited);
  if (parsed === null) return refuseMalformed("The schema's indexes are not lists of fields.");
  const maxLength = isIdLimited ? idLength : MAX_ID_LENGTH;
  const properties = { ...raw.properties, [primaryPath]: { ...primaryField, maxLength } };
  const filled = { ...raw, properties } as unknown as RxSchema;
  try {
    const indexes = createIndexes(filled, parsed, primaryPath);
    const plannerSchema = { ...filled, indexes: indexes.map(({ fields }) => fields) };
    const version = raw.version as number;
    const hasAttachments = Boolean(raw.attachments);
    return { ok: true, value: { version, primaryPath, hasAttachments, indexes, plannerSchema } };
  } catch (error) {
    return refuseMalformed(`The schema's indexes cannot be used${reasonSuffix(error)}`);
  }
}

/**
 * What RxDB's own storages refuse: what the schema asks for is done by a plugin, which then takes it out
 * of the schema. Returns a sentence with RxDB's error code; null if nothing is missing.
 */
function findMissingPlugin({ keyCompression, encrypted, attachments }: Record<string, unknown>) {
  const { encrypted: encryptsAttachments, compression } = isObject(attachments) ? attachments : {};
  if (keyCompression) return missingPlugin("keyCompression", "key-compression", "UT5");
  if ((Array.isArray(encrypted) ? encrypted.length > 0 : encrypted) || encryptsAttachments) {
    return missingPlugin("encrypted fields or attachments", "encryption", "UT6");
  }
  return compression
    ? missingPlugin("compression of attachments", "attachments-compression", "UT7")
    : null;
}

const missingPlugin = (feature: string, plugin: string, code: string): string =>
  `The schema has ${feature}, but the app's storage is not wrapped with RxDB's ${plugin} plugin (${code}).`;

/**
 * Returns null if these are not indexes, or too many. Leaves out those on `_meta.lwt`: they would change
 * with every write, and only RxDB itself uses them, for changes and cleanup, which work differently here.
 * `isIdLimited`: whether primary keys have a limited length, so that other fields may follow in a key.
 */
function parseIndexes(raw: unknown, primaryPath: string, isIdLimited: boolean): string[][] | null {
  if (!Array.isArray(raw) || raw.length > MAX_INDEXES) return null;
  const isFieldList = (index: unknown): index is string[] =>
    Array.isArray(index) && index.length > 0 && index.every((field) => typeof field === "string");
  if (!raw.every(isFieldList)) return null;
  return raw.filter((index) => {
    const hasPrimary = isIdLimited ? index.includes(primaryPath) : index.at(-1) === primaryPath;
    return hasPrimary && !index.includes("_meta.lwt");
  });
}

/** Creates the indexes that can be kept; if there is none, the one that RxDB has by default. */
function createIndexes(
  schema: RxSchema,
  lists: string[][],
  primaryPath: string,
): CollectionIndex[] {
  const define = (fields: string[]) => defineIndex(schema, fields);
  const found = lists.map(define).filter((definition) => definition !== null);
  const definitions = found.length > 0 ? found : [define(["_deleted", primaryPath]) as string];
  return definitions.map((definition) => createIndex(definition, primaryPath));
}
