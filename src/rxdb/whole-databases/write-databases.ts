/** Writes databases as a whole: collections with their schema, and documents with the revisions given. */

import { UNAVAILABLE } from "../../core/refusals";
import { OVER_QUOTA } from "../../storage/refusals";
import { type Collection, type Collections, QuotaNeeded } from "../collections";
import { type CollectionSchema, parseSchema } from "../queries/schema";
import type { RxSchema, StoredDocument } from "../queries/stored-document";
import type { QuotaReservation } from "../quota-reservation";
import { type CallOutcome, refuseCall, refuseMalformed } from "../refusals";
import { loadSchema, updateSchema } from "../tables/collections";
import { Work } from "../work";
import type { AttachmentStore } from "../writes/attachment-store";
import type { WriteRow } from "../writes/write-request";
import type { Writer } from "../writes/writer";
import {
  type DocumentBatch,
  type DocumentToWrite,
  parseBatch,
  planDocument,
  type WriteResult,
} from "./document-batch";
import type { CollectionName, DocumentsToWrite } from "./requests";

/** Characters of the documents that are replaced in one transaction. */
const MAX_REPLACED_LENGTH = 8_000_000;

/** Characters of the stored documents with which one request is compared: reading them takes time that nobody counts. */
const MAX_COMPARED_LENGTH = 16_000_000;

const STORED_TOO_LARGE = refuseCall({
  code: "too-large",
  message: "The stored documents are too large for one request. Send fewer documents at once.",
});

/** How often a document is compared again because a client has written it meanwhile. */
const MAX_ATTEMPTS = 3;

/** The parts of the module that a `DatabaseWriter` uses. */
export interface DatabaseWriterDependencies {
  collections: Collections;
  quota: QuotaReservation;
  attachments: AttachmentStore;
  writer: Writer;
}

/** Writes the databases of one module. */
export class DatabaseWriter {
  readonly #sql: SqlStorage;
  readonly #deps: DatabaseWriterDependencies;

  constructor(sql: SqlStorage, deps: DatabaseWriterDependencies) {
    this.#sql = sql;
    this.#deps = deps;
  }

  /**
   * Creates a collection, unless it exists. Returns whether it is new. Refuses with `malformed` a schema that cannot
   * be used, with `clash` another primary key, and with `over-quota`.
   */
  async create(
    { database, collection: name, version }: CollectionName,
    json: string,
  ): Promise<CallOutcome<boolean>> {
    const { collections, quota } = this.#deps;
    const schema = parseSchemaText(json);
    if (!schema.ok) return schema;
    if (schema.value.version !== version) {
      return refuseMalformed(`The schema has version ${schema.value.version}, not ${version}.`);
    }
    const fits = () => quota.fits(0);
    let isNew = false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = collections.find(database, name, version);
      if (found && found.primaryPath !== schema.value.primaryPath) {
        const message = `The primary key of this collection is "${found.primaryPath}".`;
        return refuseCall({ code: "clash", message });
      }
      isNew ||= found === null;
      const permissions = { canCreate: true, fits, work: new Work() };
      const opened = found
        ? null
        : collections.open(database, name, schema.value, () => [], permissions);
      if (opened !== null && !(opened instanceof QuotaNeeded) && !opened.ok) return opened;
      const needed =
        opened instanceof QuotaNeeded ? opened : this.#storeSchema(database, name, version, json);
      if (needed === null) return { ok: true, value: isNew };
      if (!(await quota.reserve(needed.bytes))) return refuseCall(OVER_QUOTA);
    }
    return refuseCall(UNAVAILABLE);
  }

  /** Stores the schema of a collection, unless it has one. Returns `QuotaNeeded` if it does not fit. */
  #storeSchema(database: string, name: string, version: number, json: string): QuotaNeeded | null {
    const { collections, quota } = this.#deps;
    const collection = collections.find(database, name, version);
    if (collection === null || loadSchema(this.#sql, collection.id) !== null) return null;
    const store = () => updateSchema(this.#sql, collection.id, json);
    const stored = collections.change(store, () => quota.fits(0));
    return stored instanceof QuotaNeeded ? stored : null;
  }

  /**
   * Begins an upload of the bytes of an attachment. Refuses with `over-quota` what would not fit now; it counts only
   * once a document refers to it.
   */
  async startUpload(
    length: number,
    now: number,
  ): Promise<CallOutcome<{ upload: string; r2Key: string }>> {
    const { attachments, quota } = this.#deps;
    if (!quota.fits(length) && !(await quota.reserve(length))) return refuseCall(OVER_QUOTA);
    return { ok: true, value: attachments.startUpload(length, now) };
  }

  /**
   * Writes documents. Returns as JSON what became of each. Refuses with `malformed`, `too-large`, `over-quota`,
   * `not-found` and `unavailable`; then some of them may be written, and the request can be repeated.
   */
  async write(
    collection: Collection,
    { json, onConflict, isDryRun }: DocumentsToWrite,
    now: number,
  ): Promise<CallOutcome<string>> {
    const batch = parseBatch(json, collection.primaryPath);
    if (!batch.ok) return batch;
    const results: WriteResult[] = [];
    let pending = batch.value.documents.map((_, index) => index);
    for (let attempt = 0; attempt < MAX_ATTEMPTS && pending.length > 0; attempt++) {
      const options = { onConflict, isDryRun, now };
      const written = await this.#writeOnce(collection, batch.value, pending, results, options);
      if (!written.ok) return written;
      pending = written.value;
    }
    return pending.length > 0
      ? refuseCall(UNAVAILABLE)
      : { ok: true, value: JSON.stringify({ results }) };
  }

  /**
   * Plans the documents with these indexes, and writes them in groups. Sets the result of each; returns the indexes
   * of those that clients have written meanwhile.
   */
  async #writeOnce(
    collection: Collection,
    { documents, hasAttachments }: DocumentBatch,
    indexes: number[],
    results: WriteResult[],
    { onConflict, isDryRun, now }: WriteOptions,
  ): Promise<CallOutcome<number[]>> {
    const { id: collectionId, primaryPath } = collection;
    // The bytes of an upload are those of one attachment, and are deleted with it.
    const used = new Set<string>();
    const findUpload = (upload: string) =>
      used.size < used.add(upload).size ? this.#deps.attachments.findUpload(upload, now) : null;
    const target = { collection: collectionId, primaryPath, onConflict, findUpload };
    const changed: number[] = [];
    let group: GroupItem[] = [];
    let comparedLength = 0;
    for (const index of indexes) {
      const document = documents[index] as StoredDocument;
      // A batch may have a document twice.
      const isRepeated = group.some(({ id }) => id === document[primaryPath]);
      if (isRepeated || sumStored(group) > MAX_REPLACED_LENGTH) {
        const written = await this.#writeGroup(collection, group, now);
        if (!written.ok) return written;
        changed.push(...written.value);
        group = [];
      }
      const planned = planDocument(this.#sql, document, hasAttachments, target);
      comparedLength += planned.storedLength;
      if (comparedLength > MAX_COMPARED_LENGTH) return STORED_TOO_LARGE;
      results[index] = planned.result;
      if (planned.row === null || isDryRun) continue;
      group.push({ ...planned, index, id: document[primaryPath] as string });
    }
    const written = await this.#writeGroup(collection, group, now);
    return written.ok ? { ok: true, value: [...changed, ...written.value] } : written;
  }

  /** Writes a group. Returns the indexes of the documents that clients have written since they were planned. */
  async #writeGroup(
    collection: Collection,
    group: GroupItem[],
    now: number,
  ): Promise<CallOutcome<number[]>> {
    const changed: number[] = [];
    for (const hasAttachments of [false, true]) {
      const own = group.filter((item) => item.hasAttachments === hasAttachments);
      const rows = own.map(({ row }) => row);
      const written = await this.#writeRows(collection, rows, hasAttachments, now);
      if (!written.ok) return written;
      changed.push(...own.filter(({ id }) => written.value.has(id)).map(({ index }) => index));
    }
    return { ok: true, value: changed };
  }

  /** Returns the ids of documents that were not written. */
  async #writeRows(
    collection: Collection,
    rows: WriteRow[],
    hasAttachments: boolean,
    now: number,
  ): Promise<CallOutcome<Set<string>>> {
    if (rows.length === 0) return { ok: true, value: new Set() };
    const connection = {
      id: "",
      session: "",
      collection: collection.id,
      client: schemaFor(collection, hasAttachments),
    };
    const frame = { connectionId: "", requestId: "", isRetry: false, params: [rows, "transfer"] };
    const caller = { level: "rw" as const, work: new Work(), canStillWrite: () => true };
    const answer = await this.#deps.writer.write(collection, connection, frame, caller, now);
    if (!answer.ok) return answer;
    const { error } = JSON.parse(answer.value) as { error: { documentId: string }[] };
    return { ok: true, value: new Set(error.map(({ documentId }) => documentId)) };
  }
}

/** How documents are written. */
interface WriteOptions {
  onConflict: "keep" | "replace";
  isDryRun: boolean;
  now: number;
}

/** A document of a group, which is written in one transaction. */
interface GroupItem extends DocumentToWrite {
  /** In the batch. */
  index: number;
  id: string;
  /** Of the document that it replaces, in characters. */
  storedLength: number;
}

const sumStored = (group: GroupItem[]): number =>
  group.reduce((sum, { storedLength }) => sum + storedLength, 0);

/** As much of a schema as a write needs. */
const schemaFor = (
  { version, primaryPath }: Collection,
  hasAttachments: boolean,
): CollectionSchema => ({
  version,
  primaryPath,
  hasAttachments,
  indexes: [],
  plannerSchema: (hasAttachments ? { attachments: {} } : {}) as RxSchema,
});

function parseSchemaText(json: string): CallOutcome<CollectionSchema> {
  try {
    return parseSchema(JSON.parse(json));
  } catch {
    return refuseMalformed("The body is no JSON.");
  }
}
