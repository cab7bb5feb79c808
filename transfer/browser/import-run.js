/** An import in the browser: first as a dry run, then in earnest. */

import { importDocuments } from "../import.js";
import { TransferError } from "../requests.js";
import { StorageClient } from "../storage.js";
import { PageAccess } from "./access.js";
import { PageNetwork } from "./network.js";
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
  total = 0;
  bytes = 0;
  /** @type {{path: string, outcome: string, as?: string, error?: string}[]} */
  report = [];
  /** @type {Map<string, {count: number, bytes: number, listed: ImportResult[]}>} */
  #outcomes = new Map();
  #codes = new Set();

  /** @param {ImportResult} result */
  add(result) {
    const { path, outcome, as, error, length } = result;
    const counted = this.of(outcome);
    this.#outcomes.set(outcome, counted);
    counted.count++;
    counted.bytes += length ?? 0;
    if (counted.listed.length < MAX_LISTED_ITEMS) counted.listed.push(result);
    this.total++;
    this.bytes += length ?? 0;
    if (error) this.#codes.add(error.code);
    this.report.push({
      path,
      outcome,
      ...(as === undefined ? {} : { as }),
      ...(error ? { error: error.code } : {}),
    });
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

/** A run over all that was picked. */
export class ImportRun {
  counts = new ImportCounts();
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
    this.access = new PageAccess(purpose);
    this.pausing = new Pausing(section);
    this.network = new PageNetwork(this.access, this.pausing);
    this.pausing.control(this.network);
    const root = new URL(section.urls.root, location.href).href;
    this.storage = new StorageClient({ root, network: this.network });
  }

  get isCancelled() {
    return this.network.signal.aborted;
  }

  end() {
    this.isBusy = false;
    this.access.end();
    this.pausing.end();
  }

  /** Finds out what an import would do. @param {Source[]} sources */
  async dryRun(sources) {
    await this.network.connect();
    this.availableBytes = await this.loadAvailableBytes();
    const options = {
      onConflict: /** @type {const} */ ("keep"),
      isDryRun: true,
      availableBytes: this.availableBytes,
    };
    const { reading, documents } = this.section.texts;
    await this.run(sources, options, () => {
      const text = fill(reading, { documents: this.section.counted(documents, this.counts.total) });
      return { value: 0, max: 0, text };
    });
  }

  /**
   * @param {Source[]} sources
   * @param {"keep" | "replace" | "both"} onConflict
   * @param {number} total documents
   * @param {number} totalBytes
   */
  async import(sources, onConflict, total, totalBytes) {
    await this.network.connect();
    const { progress, documents } = this.section.texts;
    await this.run(sources, { onConflict }, () => ({
      value: this.counts.bytes + this.counts.total * BYTES_PER_DOCUMENT,
      max: totalBytes + total * BYTES_PER_DOCUMENT,
      text: fill(progress, {
        documents: this.section.number(this.counts.total),
        total: this.section.counted(documents, total),
        bytes: this.section.bytes(this.sentBytes),
      }),
    }));
  }

  /** Of the documents that were written. */
  get sentBytes() {
    return ["new", "replaced", "both"].reduce((sum, name) => sum + this.counts.of(name).bytes, 0);
  }

  /**
   * @param {Source[]} sources
   * @param {import("../import.js").ImportOptions} options
   * @param {() => {value: number, max: number, text: string}} progress
   */
  async run(sources, options, progress) {
    const documents = this.documentsOf(sources);
    this.section.showProgress(progress());
    for await (const result of importDocuments(documents, this.storage, options)) {
      this.counts.add(result);
      await this.network.whenRunning();
      if (Date.now() - this.#shownAt < SHOW_MS) continue;
      this.#shownAt = Date.now();
      this.section.showProgress(progress());
    }
  }

  /** The documents of all sources. What is too large is refused before it is sent. @param {Source[]} sources */
  async *documentsOf(sources) {
    for (const { documents } of sources) {
      for await (const document of documents) {
        const { path } = document;
        const length = "refusal" in document ? null : document.length;
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
