/** Parses the schema that a client sends for a collection. Pure. */

import { getPrimaryFieldOfPrimaryKey } from "rxdb/plugins/core";
import { type CallOutcome, reasonSuffix, refuseMalformed } from "../refusals";
import { isObject } from "../sockets/frames";
import { type CollectionIndex, createIndex, defineIndex } from "./collection-index";
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

/**
 * Parses a schema. Indexes on `_meta.lwt` are left out: they would change with every write, and only
 * RxDB itself uses them, for changes and cleanup, which work differently here. Refuses with
 * `malformed`.
 */
export function parseSchema(raw: unknown): CallOutcome<CollectionSchema> {
  if (!isObject(raw) || !isObject(raw.properties) || !Number.isSafeInteger(raw.version)) {
    return refuseMalformed("The schema was not filled in by RxDB.");
  }
  const { primaryKey } = raw;
  const hasPrimaryKey = typeof primaryKey === "string" || isObject(primaryKey);
  const primaryPath =
    hasPrimaryKey && (getPrimaryFieldOfPrimaryKey(primaryKey as never) as unknown);
  if (typeof primaryPath !== "string") return refuseMalformed("The schema has no primary key.");
  const indexes = parseIndexes(raw.indexes, primaryPath);
  if (indexes === null) return refuseMalformed("The schema's indexes are not lists of fields.");
  const plannerSchema = { ...raw, indexes } as unknown as RxSchema;
  try {
    return {
      ok: true,
      value: {
        version: raw.version as number,
        primaryPath,
        hasAttachments: Boolean(raw.attachments),
        indexes: indexes.map((fields) =>
          createIndex(defineIndex(plannerSchema, fields), primaryPath),
        ),
        plannerSchema,
      },
    };
  } catch (error) {
    return refuseMalformed(`The schema's indexes cannot be used${reasonSuffix(error)}`);
  }
}

/** Returns null if these are not indexes, or too many. */
function parseIndexes(raw: unknown, primaryPath: string): string[][] | null {
  if (!Array.isArray(raw) || raw.length > MAX_INDEXES) return null;
  const isFieldList = (index: unknown): index is string[] =>
    Array.isArray(index) && index.length > 0 && index.every((field) => typeof field === "string");
  if (!raw.every(isFieldList)) return null;
  const kept = raw.filter((index) => !index.includes("_meta.lwt") && index.includes(primaryPath));
  return kept.length > 0 ? kept : [["_deleted", primaryPath]];
}
