/** The files of databases in an archive. One page of documents, or one attachment, is in memory at a time. */

import { labelOf } from "../databases/client.js";
import { attachmentFile, DatabaseFileNames } from "./database-names.js";
import { encode, Lines } from "./lines.js";

/** @typedef {import("./write.js").ZipItem} ZipItem */
/** @typedef {import("../databases/source.js").SourceCollection} SourceCollection */
/** @typedef {import("../databases/source.js").SourceBatch} SourceBatch */
/** @typedef {import("../databases/source.js").SourceDatabaseDocument} SourceDatabaseDocument */

/**
 * @typedef {object} OpenCollection
 * @property {import("../databases/client.js").CollectionName} name
 * @property {string} stem
 * @property {number} parts files of documents
 * @property {number} attachments
 * @property {Set<string>} incomplete ids of documents that lack attachments: they may come again
 */

/** Writes the files of one collection after the other. */
export class DatabaseFiles {
  #names = new DatabaseFileNames();
  /** @type {OpenCollection | null} */
  #open = null;
  list = new Lines();

  /** @param {import("./write.js").BagWriter} bag */
  constructor(bag) {
    this.bag = bag;
  }

  /**
   * Begins a collection.
   * @param {SourceCollection} collection
   * @returns {AsyncGenerator<ZipItem>}
   */
  async *open({ name, schema }) {
    this.close();
    const stem = this.#names.stemFor(name);
    this.#open = { name, stem, parts: 0, attachments: 0, incomplete: new Set() };
    yield this.#file(`${stem}.schema.json`, encode(schema), { content: "schema" });
  }

  /** Ends the last collection: what is incomplete now stays so. */
  close() {
    if (this.#open === null) return;
    const { name, incomplete } = this.#open;
    for (const id of incomplete) {
      this.bag.changes.add(JSON.stringify({ ...name, document: id, archived: null }));
      this.bag.info.onIncomplete?.(labelOf(name), id);
    }
    this.#open = null;
  }

  /**
   * Writes documents, each with its attachments before it.
   * @param {SourceBatch} batch
   * @returns {AsyncGenerator<ZipItem>}
   */
  async *batch({ documents, isChange, readAttachment }) {
    const open = /** @type {OpenCollection} */ (this.#open);
    const complete = [];
    for (const document of documents) {
      const isComplete = yield* this.#attachments(document, readAttachment);
      if (isComplete) {
        open.incomplete.delete(document.id);
        complete.push(`${document.json}\n`);
      } else open.incomplete.add(document.id);
    }
    if (complete.length === 0) return;
    open.parts++;
    const file = `${open.stem}${open.parts === 1 ? "" : `.${open.parts}`}.jsonl`;
    yield this.#file(file, encode(complete.join("")), {
      content: isChange ? "changes" : "documents",
    });
  }

  /**
   * Writes the attachments of a document. Returns false if one of them is gone; then those before it stay, unused.
   * @param {SourceDatabaseDocument} document
   * @param {SourceBatch["readAttachment"]} readAttachment
   * @returns {AsyncGenerator<ZipItem, boolean>}
   */
  async *#attachments({ attachments }, readAttachment) {
    const open = /** @type {OpenCollection} */ (this.#open);
    for (const attachment of attachments) {
      const bytes = await readAttachment(attachment);
      if (bytes === null) return false;
      const file = attachmentFile(open.stem, ++open.attachments, attachment.name);
      yield this.#file(file, bytes, { content: "attachment", ...attachment });
    }
    return true;
  }

  /**
   * @param {string} file
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {object} facts
   */
  #file(file, bytes, facts) {
    const { name } = /** @type {OpenCollection} */ (this.#open);
    this.list.add(JSON.stringify({ ...name, file, ...facts }));
    return this.bag.payloadFile(file, bytes);
  }
}
