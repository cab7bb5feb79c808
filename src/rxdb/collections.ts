/** The collections of a module: opening one for a client's schema, and removing it. */

import {
  type CollectionSchema,
  type Index,
  makeIndex,
  type StoredDocument,
} from "./queries/schema";
import { malformed, READ_ONLY, type Reply, refuse } from "./refusals";
import { letAllLoose } from "./tables/attachments";
import {
  type CollectionRow,
  deleteIndex,
  dropCollection,
  findCollection,
  type IndexRow,
  insertCollection,
  insertIndex,
  loadCollection,
  loadCollections,
  loadIndexes,
  markUnfaithful,
  noteWrite,
} from "./tables/collections";
import { loadAllDocuments } from "./tables/documents";
import { dropEntries, type Entry, putEntries, sizeOfKey } from "./tables/index-entries";

/** An index as it stands in the object, with what its keys are. */
export interface OpenIndex extends IndexRow {
  index: Index;
}

/** A collection as this instance of the object knows it. */
export interface Collection extends CollectionRow {
  indexes: OpenIndex[];
}

/** What may be done to open a collection. */
interface Allowance {
  /** A collection, or an index. */
  mayMake: boolean;
  /** Whether there is room for so many bytes more. */
  holds(growthBytes: number): boolean;
}

/** How many bytes more would be held, for which there is no room yet. */
export class NeedsRoom {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** In one module: each has rows of its own. */
const MAX_COLLECTIONS = 1000;

/** Documents that get their entries at once when an index is added. */
const INDEXING_STEP = 1000;

/** All collections of a module. What it remembers is what is in SQLite. */
export class Collections {
  readonly #storage: DurableObjectStorage;
  readonly #open = new Map<number, Collection>();
  /** Of the quota, of all of them. */
  bytes: number;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.bytes = sumBytes(storage.sql);
  }

  /** Null: it was removed. */
  get(id: number): Collection | null {
    const known = this.#open.get(id);
    if (known) return known;
    const row = loadCollection(this.#storage.sql, id);
    return row && this.#remember(row);
  }

  /**
   * The collection of a database, made if it is not there, with the indexes of the schema. A schema
   * that differs from that of other clients is as good: an index that is new is made from all
   * documents, and those that no client has any more go. Refuses with `malformed` another primary key
   * and one collection too many, with `insufficient-scope` to make anything where nothing may be made.
   * Where there is no room for the entries of a new index, nothing is changed.
   */
  open(
    database: string,
    name: string,
    schema: CollectionSchema,
    inUse: (collection: number) => CollectionSchema[],
    { mayMake, holds }: Allowance,
  ): Reply<Collection> | NeedsRoom {
    const { sql } = this.#storage;
    const found = findCollection(sql, database, name, schema.version);
    if (found && found.primaryPath !== schema.primaryPath) {
      return malformed(`The primary key of this collection is ${found.primaryPath}.`);
    }
    if (!found && loadCollections(sql).length >= MAX_COLLECTIONS) {
      return malformed("There are too many collections in this module.");
    }
    const known = found && (this.#open.get(found.id) ?? this.#remember(found));
    const missing = schema.indexes.filter(
      ({ definition }) => !known?.indexes.some((index) => index.definition === definition),
    );
    if (known && missing.length === 0) return { ok: true, value: known };
    if (!mayMake) return refuse(READ_ONLY);
    const wanted = [schema, ...(found ? inUse(found.id) : [])].flatMap(({ indexes }) => indexes);
    const id = this.#unlessFull(() => {
      const { version, primaryPath } = schema;
      const row = found ?? insertCollection(sql, { database, name, version, primaryPath });
      const unused = (known?.indexes ?? []).filter(
        (old) => !wanted.some(({ definition }) => definition === old.definition),
      );
      const freed = unused.reduce((sum, { id }) => sum + this.#dropIndex(id), 0);
      const added = missing.reduce(
        (sum, index) => sum + this.#addIndex(row.id, primaryPath, index),
        0,
      );
      const growth = added - freed;
      if (growth > 0 && !holds(growth)) throw new NeedsRoom(growth);
      if (found) noteWrite(sql, { ...row, bytes: row.bytes + growth });
      return row.id;
    });
    if (id instanceof NeedsRoom) return id;
    this.#open.delete(id);
    const collection = this.get(id) as Collection;
    this.bytes += collection.bytes - (known?.bytes ?? 0);
    return { ok: true, value: collection };
  }

  /** In a transaction, which leaves nothing where there is no room. */
  #unlessFull<T>(change: () => T): T | NeedsRoom {
    try {
      return this.#storage.transactionSync(change);
    } catch (error) {
      if (error instanceof NeedsRoom) return error;
      throw error;
    }
  }

  /** Removes a collection for all its clients. Its bodies in R2 are let loose. */
  remove(id: number, now: number): void {
    this.#storage.transactionSync(() => {
      letAllLoose(this.#storage.sql, id, now);
      dropCollection(this.#storage.sql, id);
    });
    this.#open.delete(id);
    this.bytes = sumBytes(this.#storage.sql);
  }

  /** Returns the bytes of its entries. */
  #dropIndex(id: number): number {
    deleteIndex(this.#storage.sql, id);
    return dropEntries(this.#storage.sql, id);
  }

  /** Returns the bytes of its entries. */
  #addIndex(collection: number, primaryPath: string, index: Index): number {
    const { sql } = this.#storage;
    const id = insertIndex(sql, collection, index.definition);
    let entries: Entry[] = [];
    let bytes = 0;
    let isFaithful = true;
    for (const data of loadAllDocuments(sql, collection)) {
      const document = JSON.parse(data) as StoredDocument;
      isFaithful &&= index.isFaithful(document);
      const key = index.keyOf(document);
      bytes += sizeOfKey(key);
      entries.push({ index: id, key, id: document[primaryPath] as string });
      if (entries.length === INDEXING_STEP) {
        putEntries(sql, entries);
        entries = [];
      }
    }
    putEntries(sql, entries);
    if (!isFaithful) markUnfaithful(sql, id);
    return bytes;
  }

  #remember(row: CollectionRow): Collection {
    const indexes = loadIndexes(this.#storage.sql, row.id).map((index) => ({
      ...index,
      index: makeIndex(index.definition, row.primaryPath),
    }));
    const collection = { ...row, indexes };
    this.#open.set(row.id, collection);
    return collection;
  }
}

const sumBytes = (sql: SqlStorage): number =>
  loadCollections(sql).reduce((sum, { bytes }) => sum + bytes, 0);
