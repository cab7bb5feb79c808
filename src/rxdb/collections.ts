/** The collections of a module: opening one with a client's schema, and removing one. */

import { type CollectionIndex, createIndex } from "./queries/collection-index";
import type { CollectionSchema } from "./queries/schema";
import type { StoredDocument } from "./queries/stored-document";
import { type CallOutcome, READ_ONLY, refuseCall, refuseMalformed } from "./refusals";
import { recordOrphansOfCollection } from "./tables/attachments";
import {
  type CollectionRow,
  deleteCollection,
  deleteIndex,
  findCollection,
  type IndexRow,
  insertCollection,
  insertIndex,
  loadCollection,
  loadCollections,
  loadIndexes,
  markUnordered,
  updateTotals,
} from "./tables/collections";
import { loadAllDocuments } from "./tables/documents";
import {
  deleteEntriesOfIndex,
  type IndexEntry,
  insertEntries,
  keySize,
} from "./tables/index-entries";

/** An index of an open collection: its row, and how to compute its keys. */
export interface OpenIndex extends IndexRow {
  index: CollectionIndex;
}

/** A collection that is open: its row and its indexes, in memory. */
export interface Collection extends CollectionRow {
  indexes: OpenIndex[];
}

/** What opening a collection may do. */
interface OpenPermissions {
  /** Whether it may create a collection or an index. */
  canCreate: boolean;
  /** Whether so many bytes more are covered by the quota that is reserved. */
  fits(growthBytes: number): boolean;
}

/** Opening a collection needs so many bytes more than are reserved. */
export class QuotaNeeded {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** Per module. */
const MAX_COLLECTIONS = 1000;

/** Entries that are inserted at once when an index is created. */
const ENTRY_BATCH_SIZE = 1000;

/** All collections of a module. What it has in memory always equals SQLite. */
export class Collections {
  readonly #storage: DurableObjectStorage;
  readonly #open = new Map<number, Collection>();
  /** Of all collections: what counts towards the quota. */
  bytes: number;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.bytes = sumBytes(storage.sql);
  }

  /** Returns null if the collection was removed. */
  get(id: number): Collection | null {
    const open = this.#open.get(id);
    if (open) return open;
    const row = loadCollection(this.#storage.sql, id);
    return row && this.#add(row);
  }

  /**
   * Opens a collection, and creates it if it does not exist. A schema that differs from that of other
   * clients is accepted: an index that is missing is created from all documents, and indexes that no
   * client uses any more are deleted. `schemasInUse` returns the schemas of the collection's clients.
   * Refuses with `malformed` another primary key and too many collections, with `insufficient-scope` if
   * something would be created without permission. Returns `QuotaNeeded`, and changes nothing, if the
   * entries of a new index do not fit.
   */
  open(
    database: string,
    name: string,
    schema: CollectionSchema,
    schemasInUse: (collection: number) => CollectionSchema[],
    { canCreate, fits }: OpenPermissions,
  ): CallOutcome<Collection> | QuotaNeeded {
    const { sql } = this.#storage;
    const found = findCollection(sql, database, name, schema.version);
    if (found && found.primaryPath !== schema.primaryPath) {
      return refuseMalformed(`The primary key of this collection is "${found.primaryPath}".`);
    }
    if (!found && loadCollections(sql).length >= MAX_COLLECTIONS) {
      return refuseMalformed("This module has too many collections.");
    }
    const open = found && (this.#open.get(found.id) ?? this.#add(found));
    const missing = schema.indexes.filter(
      ({ definition }) => !open?.indexes.some((index) => index.definition === definition),
    );
    if (open && missing.length === 0) return { ok: true, value: open };
    if (!canCreate) return refuseCall(READ_ONLY);
    const schemas = [schema, ...(found ? schemasInUse(found.id) : [])];
    const wanted = schemas.flatMap(({ indexes }) => indexes);
    const id = this.#transaction(() => {
      const { version, primaryPath } = schema;
      const row = found ?? insertCollection(sql, { database, name, version, primaryPath });
      const unused = (open?.indexes ?? []).filter(
        (old) => !wanted.some(({ definition }) => definition === old.definition),
      );
      const freed = unused.reduce((sum, { id }) => sum + this.#deleteIndex(id), 0);
      const added = missing.reduce(
        (sum, index) => sum + this.#createIndex(row.id, primaryPath, index),
        0,
      );
      const growth = added - freed;
      if (growth > 0 && !fits(growth)) throw new QuotaNeeded(growth);
      if (found) updateTotals(sql, { ...row, bytes: row.bytes + growth });
      return row.id;
    });
    if (id instanceof QuotaNeeded) return id;
    this.#open.delete(id);
    const collection = this.get(id) as Collection;
    this.bytes += collection.bytes - (open?.bytes ?? 0);
    return { ok: true, value: collection };
  }

  /** Runs a change in a transaction, which is rolled back if it throws `QuotaNeeded`. */
  #transaction<T>(change: () => T): T | QuotaNeeded {
    try {
      return this.#storage.transactionSync(change);
    } catch (error) {
      if (error instanceof QuotaNeeded) return error;
      throw error;
    }
  }

  /** Removes a collection for all its clients. Its bodies in R2 become orphans, deleted later. */
  remove(id: number, now: number): void {
    this.#storage.transactionSync(() => {
      recordOrphansOfCollection(this.#storage.sql, id, now);
      deleteCollection(this.#storage.sql, id);
    });
    this.#open.delete(id);
    this.bytes = sumBytes(this.#storage.sql);
  }

  /** Returns the bytes of the deleted entries. */
  #deleteIndex(id: number): number {
    deleteIndex(this.#storage.sql, id);
    return deleteEntriesOfIndex(this.#storage.sql, id);
  }

  /** Returns the bytes of the new entries. */
  #createIndex(collection: number, primaryPath: string, index: CollectionIndex): number {
    const { sql } = this.#storage;
    const id = insertIndex(sql, collection, index.definition);
    let entries: IndexEntry[] = [];
    let bytes = 0;
    let isOrdered = true;
    for (const data of loadAllDocuments(sql, collection)) {
      const document = JSON.parse(data) as StoredDocument;
      isOrdered &&= index.isInOrder(document);
      const key = index.keyOf(document);
      bytes += keySize(key);
      entries.push({ index: id, key, id: document[primaryPath] as string });
      if (entries.length === ENTRY_BATCH_SIZE) {
        insertEntries(sql, entries);
        entries = [];
      }
    }
    insertEntries(sql, entries);
    if (!isOrdered) markUnordered(sql, id);
    return bytes;
  }

  #add(row: CollectionRow): Collection {
    const indexes = loadIndexes(this.#storage.sql, row.id).map((index) => ({
      ...index,
      index: createIndex(index.definition, row.primaryPath),
    }));
    const collection = { ...row, indexes };
    this.#open.set(row.id, collection);
    return collection;
  }
}

const sumBytes = (sql: SqlStorage): number =>
  loadCollections(sql).reduce((sum, { bytes }) => sum + bytes, 0);
