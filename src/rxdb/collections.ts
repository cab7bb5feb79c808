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
import { countDocuments, loadAllDocuments } from "./tables/documents";
import {
  deleteEntriesOfIndex,
  entryBytes,
  type IndexEntry,
  insertEntries,
} from "./tables/index-entries";
import { TOO_MANY_ENTRIES, type Work } from "./work";

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
  /** Whether the quota that is reserved covers what is stored. */
  fits(): boolean;
  work: Work;
}

/** A change adds so many bytes, which are more than are reserved. */
export class QuotaNeeded {
  readonly bytes: number;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

/** Per module. */
const MAX_COLLECTIONS = 1000;

/** Not less than the file of an empty module: a page for each table and index. */
const MAX_EMPTY_FILE_BYTES = 100_000;

/** Entries that are inserted at once when an index is created. */
const ENTRY_BATCH_SIZE = 1000;

/** All collections of a module. What it has in memory always equals SQLite. */
export class Collections {
  readonly #storage: DurableObjectStorage;
  readonly #open = new Map<number, Collection>();
  /** How many there are. */
  #count = 0;
  /** Bytes of all attachments in R2. */
  #r2Bytes = 0;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.recount();
  }

  /**
   * What counts towards the quota: the SQLite file as it is now, without free pages, and the attachments
   * in R2. So whatever is stored counts, and as much as it takes: keys, events, connections, pages that
   * are not full. Within a transaction, includes its changes to the file.
   */
  get storedBytes(): number {
    const fileBytes = this.#storage.sql.databaseSize;
    const isEmpty = this.#count === 0 && fileBytes <= MAX_EMPTY_FILE_BYTES;
    return isEmpty ? 0 : fileBytes + this.#r2Bytes;
  }

  /**
   * Runs a change in a transaction. If the file grows, and `isAllowed` returns false then, the change is
   * rolled back, and the result is `QuotaNeeded`. `r2Growth`: bytes that the change adds in R2.
   */
  change<T>(run: () => T, isAllowed: () => boolean, r2Growth = 0): T | QuotaNeeded {
    const before = this.storedBytes;
    this.#r2Bytes += r2Growth;
    try {
      return this.#storage.transactionSync(() => {
        const result = run();
        if (isAllowed()) return result;
        const growth = this.storedBytes - before;
        if (growth > 0) throw new QuotaNeeded(growth);
        return result;
      });
    } catch (error) {
      this.recount();
      if (error instanceof QuotaNeeded) return error;
      throw error;
    }
  }

  /** Counts collections and their bytes in R2 again, after something was deleted or rolled back. */
  recount(): void {
    const rows = loadCollections(this.#storage.sql);
    this.#count = rows.length;
    this.#r2Bytes = rows.reduce((sum, { r2Bytes }) => sum + r2Bytes, 0);
  }

  /** Returns null if the collection was removed. */
  get(id: number): Collection | null {
    const open = this.#open.get(id);
    if (open) return open;
    const row = loadCollection(this.#storage.sql, id);
    return row && this.#add(row);
  }

  /** Returns null if there is no such collection. */
  find(database: string, name: string, version: number): Collection | null {
    const row = findCollection(this.#storage.sql, database, name, version);
    return row && this.get(row.id);
  }

  /**
   * Opens a collection, and creates it if it does not exist. A schema that differs from that of other
   * clients is accepted: an index that is missing is created from all documents, and indexes that no
   * client uses any more are deleted. `schemasInUse` returns the schemas of the collection's clients.
   * Refuses with `malformed` another primary key and too many collections, with `too-large` an index of
   * too many documents, with `insufficient-scope` if
   * something would be created without permission. Returns `QuotaNeeded`, and changes nothing, if the
   * entries of a new index do not fit.
   */
  open(
    database: string,
    name: string,
    schema: CollectionSchema,
    schemasInUse: (collection: number) => CollectionSchema[],
    { canCreate, fits, work }: OpenPermissions,
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
    const entries = found ? missing.length * countDocuments(sql, found.id) : 0;
    if (!work.insertEntries(entries)) return TOO_MANY_ENTRIES;
    const schemas = [schema, ...(found ? schemasInUse(found.id) : [])];
    const wanted = schemas.flatMap(({ indexes }) => indexes);
    const createMissing = () => {
      const { version, primaryPath } = schema;
      const isFirst = this.#count === 0;
      const row = found ?? insertCollection(sql, { database, name, version, primaryPath }, isFirst);
      if (!found) this.#count++;
      const unused = (open?.indexes ?? []).filter(
        (old) => !wanted.some(({ definition }) => definition === old.definition),
      );
      const freed = unused.reduce((sum, { id }) => sum + this.#deleteIndex(id), 0);
      const added = missing.reduce(
        (sum, index) => sum + this.#createIndex(row.id, primaryPath, index),
        0,
      );
      if (found) updateTotals(sql, { ...row, bytes: row.bytes + added - freed });
      return row.id;
    };
    const id = this.change(createMissing, fits);
    if (id instanceof QuotaNeeded) return id;
    this.#open.delete(id);
    return { ok: true, value: this.get(id) as Collection };
  }

  /** Removes a collection for all its clients. Its bodies in R2 become orphans, deleted later. */
  remove(id: number, now: number): void {
    this.#storage.transactionSync(() => {
      recordOrphansOfCollection(this.#storage.sql, id, now);
      deleteCollection(this.#storage.sql, id);
    });
    this.#open.delete(id);
    this.recount();
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
      const entry = { index: id, key: index.keyOf(document), id: document[primaryPath] as string };
      bytes += entryBytes(entry);
      entries.push(entry);
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
