/** What a module holds, in numbers: collections and their databases. Pure. */

import type { CollectionRow } from "./tables/collections";

/** Totals of a collection, in one version of its schema. */
export interface CollectionTotals {
  name: string;
  /** Of its schema. */
  version: number;
  /** How many documents there are, without deleted ones. */
  documents: number;
  /** Of documents, index entries and attachments. */
  bytes: number;
}

/** Totals of a database. */
export interface DatabaseTotals {
  name: string;
  /** All collections, those of RxDB itself and of local documents included. */
  collections: CollectionTotals[];
}

/** The totals of collections, by database. */
export const totalsByDatabase = (rows: CollectionRow[]): DatabaseTotals[] =>
  [...Map.groupBy(rows, ({ database }) => database)].map(([name, own]) => ({
    name,
    collections: own.map(({ name, version, documents, bytes }) => ({
      name,
      version,
      documents,
      bytes,
    })),
  }));
