/** Brings databases into an account: what is there already is compared first, and nothing is lost. */

import { TransferError } from "../requests.js";
import { labelOf } from "./client.js";

/** Larger attachments are uploaded before their document, and do not come along in it. */
const MAX_INLINE_BYTES = 1_000_000;

/** Bytes of attachments that come along in one request. */
const MAX_INLINE_SUM_BYTES = 4_000_000;

/** Attempts to write a document with its attachments: an upload that waits for too long is forgotten. */
const MAX_ATTEMPTS = 3;

/** Refusals after which nothing else can be written either. */
const FATAL = ["unauthorized", "unreachable", "rate-limited"];

/** @typedef {import("./client.js").DatabasesClient} DatabasesClient */
/** @typedef {import("./source.js").DatabaseEntry} DatabaseEntry */
/** @typedef {import("./source.js").SourceCollection} SourceCollection */
/** @typedef {import("./source.js").SourceBatch} SourceBatch */
/** @typedef {import("./source.js").SourceDatabaseDocument} SourceDatabaseDocument */
/** @typedef {import("../import.js").ImportResult} ImportResult */

/**
 * @typedef {object} DatabaseImportOptions
 * @property {"keep" | "replace" | "both"} onConflict what to do with a document of which another revision is there; it
 *   cannot be there twice, so `both` keeps it
 * @property {boolean} [isDryRun] says what would be done, and does nothing
 */

/**
 * Imports databases: their collections, and documents with their revisions, so that clients that have replicated them
 * go on. After an interruption the same import goes on, as what was written is `equal` then. Returns the same as
 * `importDocuments`, with paths such as "databases/todos/list/tasks-0/1". Fails with what concerns everything, such as
 * `unauthorized`.
 * @param {AsyncIterable<DatabaseEntry>} entries
 * @param {DatabasesClient} client
 * @param {DatabaseImportOptions} options
 * @returns {AsyncGenerator<ImportResult>}
 */
export async function* importDatabases(entries, client, options) {
  /** @type {CollectionImport | null} */
  let open = null;
  for await (const entry of entries) {
    if (entry.kind === "refused") {
      yield { path: entry.path, outcome: "refused", error: entry.refusal };
    } else if (entry.kind === "collection") {
      open = new CollectionImport(entry, client, options);
      const error = await refusalOf(open.create());
      if (error) yield { path: labelOf(entry.name), outcome: "refused", error };
    } else if (open) {
      yield* open.write(entry);
    }
  }
}

class CollectionImport {
  /** What follows if there is no collection to write to: nothing, or in a dry run, everything is new. */
  #state = /** @type {"open" | "refused" | "missing"} */ ("refused");
  /** @type {Set<string>} ids of the documents that are there now as they were in the source */
  #written = new Set();

  /** @param {SourceCollection} collection @param {DatabasesClient} client @param {DatabaseImportOptions} options */
  constructor(collection, client, options) {
    this.collection = collection;
    this.client = client;
    this.options = options;
  }

  /** Creates the collection unless it exists; in a dry run finds out whether it does. */
  async create() {
    const { name, schema } = this.collection;
    if (this.options.isDryRun) {
      const found = await this.client.describe(name);
      this.#state = found === null ? "missing" : "open";
      return;
    }
    await this.client.create(name, schema);
    this.#state = "open";
  }

  /** @param {SourceBatch} batch @returns {AsyncGenerator<ImportResult>} */
  async *write(batch) {
    const { documents, isChange } = batch;
    if (this.#state === "refused") return;
    if (this.#state === "missing") {
      for (const document of documents) yield this.#result(document, "new");
      return;
    }
    // What was changed in the source after it was read is ours: it replaces what has just been written.
    const isOurs = (/** @type {SourceDatabaseDocument} */ { id }) =>
      isChange && this.#written.has(id);
    const { onConflict } = this.options;
    const choice = onConflict === "replace" ? "replace" : "keep";
    const groups = /** @type {const} */ ([
      [documents.filter((document) => !isOurs(document)), choice],
      [documents.filter(isOurs), "replace"],
    ]);
    for (const [own, choice] of groups) yield* this.#writeSome(own, batch, choice);
  }

  /**
   * Writes documents together. If they are refused together, but each might be written by itself, then halves of them.
   * @param {SourceDatabaseDocument[]} documents
   * @param {SourceBatch} batch
   * @param {"keep" | "replace"} onConflict
   * @returns {AsyncGenerator<ImportResult>}
   */
  async *#writeSome(documents, batch, onConflict) {
    if (documents.length === 0) return;
    /** @type {import("./client.js").WriteResult[]} */
    let results;
    try {
      results = await this.#send(
        documents.map(({ json }) => json),
        onConflict,
      );
    } catch (error) {
      if (!(error instanceof TransferError) || FATAL.includes(error.code)) throw error;
      if (documents.length > 1 && ["too-large", "refused", "malformed"].includes(error.code)) {
        const half = documents.length / 2;
        yield* this.#writeSome(documents.slice(0, half), batch, onConflict);
        yield* this.#writeSome(documents.slice(half), batch, onConflict);
        return;
      }
      for (const document of documents) yield this.#result(document, "refused", error);
      return;
    }
    for (const [index, document] of documents.entries()) {
      const result = /** @type {import("./client.js").WriteResult} */ (results[index]);
      yield result.outcome === "incomplete"
        ? await this.#writeWithAttachments(document, result.missing ?? [], batch, onConflict)
        : this.#result(document, result.outcome);
    }
  }

  /**
   * @param {SourceDatabaseDocument} document
   * @param {string[]} missing names of the attachments that the server needs
   * @param {SourceBatch} batch
   * @param {"keep" | "replace"} onConflict
   * @returns {Promise<ImportResult>}
   */
  async #writeWithAttachments(document, missing, batch, onConflict) {
    if (this.options.isDryRun) return this.#result(document, "new");
    try {
      let names = missing;
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const json = await this.#withBytes(document, names, batch);
        const [result] = await this.#send([json], onConflict);
        if (result && result.outcome !== "incomplete")
          return this.#result(document, result.outcome);
        names = [...new Set([...names, ...(result?.missing ?? [])])];
      }
      throw new TransferError(
        "missing",
        `${this.#pathOf(document)}: its attachments are not stored.`,
      );
    } catch (error) {
      if (!(error instanceof TransferError) || FATAL.includes(error.code)) throw error;
      return this.#result(document, "refused", error);
    }
  }

  /**
   * The document with the bytes of attachments, or what refers to them.
   * @param {SourceDatabaseDocument} document
   * @param {string[]} names
   * @param {SourceBatch} batch
   */
  async #withBytes(document, names, { readAttachment }) {
    const whole = JSON.parse(document.json);
    let inlineBytes = 0;
    for (const name of names) {
      const attachment = document.attachments.find((one) => one.name === name);
      const bytes = attachment ? await readAttachment(attachment) : null;
      if (bytes === null) {
        const message = `${this.#pathOf(document)}: the attachment ${name} is missing.`;
        throw new TransferError("missing", message);
      }
      const isInline =
        bytes.byteLength <= MAX_INLINE_BYTES &&
        inlineBytes + bytes.byteLength <= MAX_INLINE_SUM_BYTES;
      if (isInline) inlineBytes += bytes.byteLength;
      Object.assign(
        whole._attachments[name],
        isInline
          ? { data: toBase64(bytes) }
          : { upload: await this.client.upload(this.collection.name.module, bytes) },
      );
    }
    return JSON.stringify(whole);
  }

  /** @param {string[]} documents @param {"keep" | "replace"} onConflict */
  #send(documents, onConflict) {
    const { name, hasAttachments } = this.collection;
    const { isDryRun = false } = this.options;
    return this.client.write(name, documents, { hasAttachments, onConflict, isDryRun });
  }

  /**
   * @param {SourceDatabaseDocument} document
   * @param {ImportResult["outcome"]} outcome
   * @param {TransferError} [error]
   * @returns {ImportResult}
   */
  #result(document, outcome, error) {
    if (outcome !== "kept" && outcome !== "refused") this.#written.add(document.id);
    const path = this.#pathOf(document);
    return { path, outcome, length: document.json.length, ...(error ? { error } : {}) };
  }

  /** @param {SourceDatabaseDocument} document */
  #pathOf({ id }) {
    return `${labelOf(this.collection.name)}/${id}`;
  }
}

/** Why something is refused; null if it is not. @param {Promise<void>} work */
async function refusalOf(work) {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof TransferError && !FATAL.includes(error.code)) return error;
    throw error;
  }
}

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let text = "";
  for (let start = 0; start < bytes.byteLength; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
