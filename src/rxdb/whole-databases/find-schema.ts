/** The JSON schema of a stored collection: the object keeps its indexes, and RxDB and its clients the rest. */

import { smallestSchema } from "../queries/collection-index";
import { parseSchema } from "../queries/schema";
import { sortableText } from "../queries/sort-key";
import type { Connection } from "../sockets/connection-registry";
import { isObject } from "../sockets/frames";
import { hasAttachments } from "../tables/attachments";
import {
  type CollectionRow,
  loadCollections,
  loadIndexes,
  loadSchema,
} from "../tables/collections";
import { loadDocument } from "../tables/documents";
import { INTERNAL_STORE } from "../writes/removal-events";

/**
 * Finds the schema with which a client has opened a collection: one of its `connections`, or as RxDB lists the
 * collections of a database, or that with which it was imported. If none is known, the smallest that has the same
 * indexes.
 */
export function findSchema(
  sql: SqlStorage,
  collection: CollectionRow,
  connections: Iterable<Connection>,
): Record<string, unknown> {
  for (const connection of connections) {
    if (connection.collection === collection.id) return JSON.parse(connection.schema);
  }
  const imported = loadSchema(sql, collection.id);
  return (
    listedSchema(sql, collection) ??
    (imported === null ? indexedSchema(sql, collection) : JSON.parse(imported))
  );
}

/**
 * The schema in RxDB's list of collections; null if it does not list this one, or with a schema that cannot be used here:
 * the list is what apps write, and has the fields as they were before an app's plugins encrypted or compressed them.
 */
function listedSchema(
  sql: SqlStorage,
  { database, name, version, primaryPath }: CollectionRow,
): Record<string, unknown> | null {
  const lists = loadCollections(sql).filter(
    (row) => row.database === database && row.name === INTERNAL_STORE,
  );
  for (const list of lists) {
    const json = loadDocument(sql, list.id, sortableText(`collection|${name}-${version}`));
    const document: unknown = json === undefined ? null : JSON.parse(json);
    const data = isObject(document) && isObject(document.data) ? document.data : {};
    const parsed = parseSchema(data.schema);
    const isSame =
      parsed.ok && parsed.value.version === version && parsed.value.primaryPath === primaryPath;
    if (isSame) return data.schema as Record<string, unknown>;
  }
  return null;
}

function indexedSchema(
  sql: SqlStorage,
  { id, version, primaryPath }: CollectionRow,
): Record<string, unknown> {
  const definitions = loadIndexes(sql, id).map(({ definition }) => definition);
  return {
    version,
    primaryKey: primaryPath,
    type: "object",
    ...smallestSchema(definitions, primaryPath),
    ...(hasAttachments(sql, id) ? { attachments: {} } : {}),
  };
}
