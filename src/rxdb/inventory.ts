/** What a module's object holds, for its person to see. */

/** A collection in one version of its schema. */
export interface CollectionTotals {
  name: string;
  /** Of its schema. */
  version: number;
  /** Without those that were deleted. */
  documents: number;
  /** Of the quota: documents, index entries and attachments. */
  bytes: number;
}

export interface DatabaseTotals {
  name: string;
  /** Those of RxDB itself and of local documents too. */
  collections: CollectionTotals[];
}
