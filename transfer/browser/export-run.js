/** One export in the browser. */

import { writeParts } from "../archive/parts.js";
import { readDatabases } from "../databases/read.js";
import { foldersOf, readStorage } from "../read-storage.js";
import { chunksOf } from "../streams.js";
import { PageAccess } from "./access.js";
import { openAccount, PageNetwork } from "./network.js";
import { Pausing } from "./pausing.js";
import { fill, MAX_LISTED_ITEMS } from "./section.js";

/** Each document counts as so many bytes more in the progress bar, so that empty ones count as well. */
const BYTES_PER_DOCUMENT = 20_000;

/** @typedef {import("./export.js").ExportSection} ExportSection */

/** @typedef {{documents: number, databaseDocuments: number, bytes: number}} Written */

/** One export, from its first document to its last. */
export class ExportRun {
  documents = 0;
  databaseDocuments = 0;
  bytes = 0;
  /** Parts that are complete and saved. */
  saved = 0;
  changed = new CountedList();
  failures = new CountedList();

  /** @param {ExportSection} section @param {string[]} modules */
  constructor(section, modules) {
    this.section = section;
    this.modules = modules;
    this.totals = section.totalsOf(modules);
    this.access = new PageAccess("export", modules);
    this.pausing = new Pausing(section);
    this.network = new PageNetwork(this.access, this.pausing);
    this.pausing.control(this.network);
    this.account = openAccount(section.urls, this.network);
  }

  get isCancelled() {
    return this.network.signal.aborted;
  }

  end() {
    this.access.end();
    this.pausing.end();
  }

  /** @param {number} part the last one that was saved @param {string | null} after its last document */
  async write(part, after) {
    await this.network.connect();
    const { sink, address, memory, partBytes } = this.section;
    const info = {
      address,
      modules: this.modules,
      now: new Date(),
      hasDatabases: true,
      onIncomplete: (/** @type {string} */ label, /** @type {string} */ id) =>
        this.failures.add({ name: `${label}/${id}`, note: this.section.texts.reasons.incomplete }),
    };
    const parts = writeParts(this.entries(after), info, partBytes);
    for await (const { archive, last, isLast } of parts) {
      part++;
      const before = { ...this };
      await this.writePart(archive, part);
      this.part = { number: part, isOnly: part === 1 && isLast() };
      this.written = {
        documents: this.documents - before.documents,
        databaseDocuments: this.databaseDocuments - before.databaseDocuments,
        bytes: this.bytes - before.bytes,
      };
      if (isLast()) break;
      await this.untilSaved(part);
      this.saved++;
      const { modules } = this;
      memory.write({ address, modules, part, after: last() ?? after, at: Date.now() });
    }
    sink.save();
  }

  /** @param {ReadableStream<Uint8Array>} archive @param {number} part */
  async writePart(archive, part) {
    for await (const chunk of chunksOf(archive)) {
      await this.network.whenRunning();
      await this.section.sink.write(chunk);
      this.bytes += chunk.byteLength;
      this.showProgress(part);
    }
    await this.section.sink.close();
  }

  /** @param {string | null} after */
  async *entries(after) {
    const { storage, databases } = this.account;
    for await (const entry of readStorage(storage, foldersOf(this.modules), after)) {
      if (entry.kind === "failure") {
        this.addFailure(entry.path, entry.error);
        continue;
      }
      if (entry.kind === "document") this.documents++;
      if (entry.kind === "change") {
        const { deleted, newer } = this.section.texts;
        this.changed.add({ name: entry.path, note: entry.archived === null ? deleted : newer });
      }
      yield entry;
    }
    for await (const entry of readDatabases(databases, this.modules)) {
      if (entry.kind === "batch") this.databaseDocuments += entry.documents.length;
      if (entry.kind === "refused") this.addFailure(entry.path, entry.refusal);
      else yield entry;
    }
  }

  /** @param {string} name @param {unknown} error */
  addFailure(name, error) {
    this.failures.add({ name, note: this.section.reason(error) });
  }

  /** @param {number} part */
  showProgress(part) {
    const { section, documents, bytes, totals } = this;
    const { progress, part: prefix } = section.texts;
    const text = fill(progress, {
      documents: section.number(documents),
      total: section.counted(section.texts.documents, Math.max(totals.documents, documents)),
      bytes: section.bytes(bytes),
    });
    section.showProgress({
      value: bytes + documents * BYTES_PER_DOCUMENT,
      max: totals.bytes + totals.documents * BYTES_PER_DOCUMENT,
      text: part === 1 ? text : fill(prefix, { part }) + text,
    });
  }

  /** Resolves when the user has saved a part, and on the disk has said where the next one goes. @param {number} part */
  async untilSaved(part) {
    const { section } = this;
    const { ready, save, next } = section.texts;
    section.say("save", fill(section.sink.isDisk ? next : save, { part, next: part + 1 }));
    const text = fill(ready, { part, ...this.describeWritten() });
    await this.pausing.ask(section.part("save"), text, async () => {
      section.sink.save();
      return section.openPart(part + 1);
    });
    section.say("save", null);
  }

  /** What the last part has. */
  describeWritten() {
    const { documents, databaseDocuments, bytes } = /** @type {Written} */ (this.written);
    return {
      documents: this.section.countedDocuments(documents, databaseDocuments),
      bytes: this.section.bytes(bytes),
    };
  }

  /** What has become of it, in a sentence. */
  describe() {
    const { section } = this;
    const { number, isOnly } = /** @type {{number: number, isOnly: boolean}} */ (this.part);
    const values = { file: section.sink.name(), ...this.describeWritten() };
    const text = fill(section.texts.done, values);
    return isOnly ? text : `${text} ${fill(section.texts.allParts, { part: number })}`;
  }
}

/** A count, and the first items to be listed. */
class CountedList {
  count = 0;
  /** @type {import("./section.js").ListItem[]} */
  listed = [];

  /** @param {import("./section.js").ListItem} item */
  add(item) {
    this.count++;
    if (this.listed.length < MAX_LISTED_ITEMS) this.listed.push(item);
  }
}
