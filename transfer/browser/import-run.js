/** An import in the browser: first as a dry run, then in earnest. */

import { importDatabases } from "../databases/import.js";
import { importDocuments } from "../import.js";
import { TransferError } from "../requests.js";
import { PageAccess } from "./access.js";
import { BlobWriter, openAccount, PageNetwork } from "./network.js";
import { Pausing } from "./pausing.js";
import { fill, MAX_LISTED_ITEMS } from "./section.js";

/** Each document counts as so many bytes more in the progress bar, so that empty ones count as well. */
const BYTES_PER_DOCUMENT = 20_000;

/** The page is changed after so many documents at most, and after so much time. */
const SHOW_MS = 100;

/** @typedef {import("../import.js").ImportResult} ImportResult */
/** @typedef {import("../sources/source.js").Source} Source */

/** Results by their outcome: how many, of how many bytes, and the first of them. */
export class ImportCounts {
  /** Of documents, and what was refused. */
  total = 0;
  bytes = 0;
  /** @type {Map<string, {count: number, bytes: number, listed: ImportResult[]}>} */
  #outcomes = new Map();
  #codes = new Set();

  /** @param {ImportResult} result */
  add(result) {
    const { outcome, error, length } = result;
    const counted = this.of(outcome);
    this.#outcomes.set(outcome, counted);
    counted.count++;
    counted.bytes += length ?? 0;
    if (counted.listed.length < MAX_LISTED_ITEMS) counted.listed.push(result);
    this.total += Number(outcome !== "omitted");
    this.bytes += length ?? 0;
    if (error) this.#codes.add(error.code);
  }

  /** @param {string} outcome */
  of(outcome) {
    return this.#outcomes.get(outcome) ?? { count: 0, bytes: 0, listed: [] };
  }

  /** Whether anything was refused for this reason. @param {string} code */
  hasCode(code) {
    return this.#codes.has(code);
  }
}

/** What has become of each document: more than the page shows, and kept out of its memory. */
class Report {
  #writer = new BlobWriter();
  #separator = "[\n";

  /** @param {ImportResult} result */
  async add({ path, outcome, as, error }) {
    const line = JSON.stringify({ path, outcome, as, error: error?.code });
    await this.#writer.write(new TextEncoder().encode(this.#separator + line));
    this.#separator = ",\n";
  }

  /** All of it, as JSON. */
  blob() {
    const end = this.#separator === "[\n" ? "[]\n" : "\n]\n";
    return new Blob([this.#writer.blob(), end], { type: "application/json" });
  }
}

/** @typedef {"keep" | "replace" | "both"} OnConflict */

/** What to do with each kind of data that differs. @typedef {{documents: OnConflict, databases: OnConflict}} Choices */

/** A run over all that was picked. */
export class ImportRun {
  /** Results of each kind of data. */
  counts = { documents: new ImportCounts(), databases: new ImportCounts() };
  /** Null for a preview, whose results are not reported. @type {Report | null} */
  report;
  isBusy = true;
  /** How much fits into the storage, in bytes. @type {number | null} */
  availableBytes = null;
  #shownAt = 0;

  /**
   * @param {import("./section.js").Section} section
   * @param {"preview" | "import"} purpose
   * @param {{maxDocumentBytes: number}} limits
   */
  constructor(section, purpose, limits) {
    this.section = section;
    this.limits = limits;
    this.report = purpose === "import" ? new Report() : null;
    this.access = new PageAccess(purpose);
    this.pausing = new Pausing(section);
    this.network = new PageNetwork(this.access, this.pausing);
    this.pausing.control(this.network);
    this.account = openAccount(section.urls, this.network);
  }

  get isCancelled() {
    return this.network.signal.aborted;
  }

  end() {
    this.isBusy = false;
    this.access.end();
    this.pausing.end();
  }

  /** All results so far, of both kinds together. */
  get total() {
    const { documents, databases } = this.counts;
    return documents.total + databases.total;
  }

  /** @param {string} outcome */
  countOf(outcome) {
    return this.counts.documents.of(outcome).count + this.counts.databases.of(outcome).count;
  }

  /** Finds out what an import would do. @param {Source[]} sources */
  async dryRun(sources) {
    await this.network.connect();
    this.availableBytes = await this.loadAvailableBytes();
    const { reading } = this.section.texts;
    await this.run(sources, { documents: "keep", databases: "keep" }, true, () => ({
      value: 0,
      max: 0,
      text: fill(reading, { documents: this.describeTotal(this) }),
    }));
  }

  /**
   * @param {Source[]} sources
   * @param {Choices} onConflict
   * @param {ImportRun} preview of the same sources
   */
  async import(sources, onConflict, preview) {
    await this.network.connect();
    const { progress } = this.section.texts;
    await this.run(sources, onConflict, false, () => ({
      value: this.counts.documents.bytes + this.total * BYTES_PER_DOCUMENT,
      max: preview.counts.documents.bytes + preview.total * BYTES_PER_DOCUMENT,
      text: fill(progress, {
        documents: this.section.number(this.total),
        total: this.describeTotal(preview),
        bytes: this.section.bytes(this.sentBytes),
      }),
    }));
  }

  /** @param {ImportRun} run */
  describeTotal({ counts: { documents, databases } }) {
    return this.section.countedDocuments(documents.total, databases.total);
  }

  /** Of the documents that were written. */
  get sentBytes() {
    const { documents } = this.counts;
    return ["new", "replaced", "both"].reduce((sum, name) => sum + documents.of(name).bytes, 0);
  }

  /**
   * @param {Source[]} sources
   * @param {Choices} onConflict
   * @param {boolean} isDryRun
   * @param {() => {value: number, max: number, text: string}} progress
   */
  async run(sources, onConflict, isDryRun, progress) {
    const { storage, databases: client } = this.account;
    const { availableBytes } = this;
    this.section.showProgress(progress());
    const count = async (
      /** @type {ImportCounts} */ counts,
      /** @type {AsyncIterable<ImportResult>} */ results,
    ) => {
      for await (const result of results) {
        counts.add(result);
        await this.report?.add(result);
        await this.network.whenRunning();
        if (Date.now() - this.#shownAt < SHOW_MS) continue;
        this.#shownAt = Date.now();
        this.section.showProgress(progress());
      }
    };
    const options = { onConflict: onConflict.documents, isDryRun, availableBytes };
    const documents = this.documentsOf(sources);
    await count(this.counts.documents, importDocuments(documents, storage, options));
    for (const { databases } of sources) {
      if (databases === null) continue;
      const ofDatabases = { onConflict: onConflict.databases, isDryRun };
      await count(this.counts.databases, importDatabases(databases, client, ofDatabases));
    }
  }

  /** The documents of all sources. What is too large is refused before it is sent. @param {Source[]} sources */
  async *documentsOf(sources) {
    for (const { documents } of sources) {
      for await (const document of documents) {
        const { path } = document;
        const length = "open" in document ? document.length : null;
        if (length === null || length <= this.limits.maxDocumentBytes) yield document;
        else yield { path, refusal: new TransferError("too-large", `${path} is too large.`) };
      }
    }
  }

  /** Null if the server does not say it. */
  async loadAvailableBytes() {
    const response = await this.network.fetch(this.section.urls.quota, {});
    const { availableBytes = null } = response.ok ? await response.json() : {};
    return availableBytes;
  }
}
