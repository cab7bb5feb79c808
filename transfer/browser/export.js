/** The script of the page that exports documents: `src/transfer/pages/export.tsx`. */

import { writeParts } from "../archive/parts.js";
import { foldersOf, readStorage } from "../read-storage.js";
import { StorageClient } from "../storage.js";
import { chunksOf } from "../streams.js";
import { PageAccess } from "./access.js";
import { PageNetwork } from "./network.js";
import { Pausing } from "./pausing.js";
import { fill, MAX_LISTED_ITEMS, Memory, Section } from "./section.js";
import { createSink } from "./sinks.js";

/** Each document counts as so many bytes more in the progress bar, so that empty ones count as well. */
const BYTES_PER_DOCUMENT = 20_000;

/**
 * Where an export in parts goes on.
 * @typedef {object} Position
 * @property {string} address
 * @property {string[]} modules
 * @property {number} part the last one that was saved
 * @property {string | null} after its last document
 * @property {number} at milliseconds since 1970
 */

class ExportSection extends Section {
  memory = new Memory("satchel-export");
  /** @type {import("./sinks.js").Sink} */
  sink = createSink();
  isBusy = false;

  /** @param {HTMLElement} element */
  constructor(element) {
    super(element);
    const { address, totals } = JSON.parse(element.dataset.export ?? "{}");
    this.address = address;
    this.totals = totals;
    this.form = /** @type {HTMLFormElement} */ (this.part("form"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.start({ modules: this.chosenModules(), part: 0, after: null });
    });
    this.form.addEventListener("change", () => this.showModules());
    this.part("continue-parts").addEventListener("click", () => this.start(this.memory.read()));
    this.part("again").addEventListener("click", () => location.reload());
    this.part("save-again").addEventListener("click", () => this.sink.save());
    addEventListener("beforeunload", (event) => {
      if (this.isBusy) event.preventDefault();
    });
    this.showModules();
    this.showInterrupted();
    element.hidden = false;
  }

  showModules() {
    this.part("modules").hidden = this.form.what.value !== "modules";
  }

  showInterrupted() {
    /** @type {Position | null} */
    const position = this.memory.read();
    if (position === null || position.address !== this.address) return;
    const { part, at } = position;
    this.say("interrupted", fill(this.texts.interrupted, { part, date: this.date(at) }));
    this.show(["continue-parts"]);
  }

  /** @returns {HTMLInputElement[]} */
  get moduleBoxes() {
    return [...this.part("modules").querySelectorAll("[name=module]")];
  }

  /** The names of the chosen modules; none: all. Null: nothing is chosen. */
  chosenModules() {
    if (this.form.what.value === "everything") return [];
    const names = this.moduleBoxes.filter(({ checked }) => checked).map(({ value }) => value);
    return names.length === 0 ? null : names;
  }

  /** The size with which a part ends. What is on the disk needs no parts. */
  get partBytes() {
    return this.sink.isDisk ? Number.POSITIVE_INFINITY : Number(this.element.dataset.partBytes);
  }

  /** Documents and bytes of modules. @param {string[]} modules */
  totalsOf(modules) {
    if (modules.length === 0) return this.totals;
    const chosen = this.moduleBoxes.filter(({ value }) => modules.includes(value));
    const sum = (/** @type {"documents" | "bytes"} */ name) =>
      chosen.reduce((total, { dataset }) => total + Number(dataset[name]), 0);
    return { documents: sum("documents"), bytes: sum("bytes") };
  }

  /** @param {{modules: string[] | null, part: number, after: string | null}} from */
  async start({ modules, part, after }) {
    this.say("problem", modules === null ? this.texts.noModules : null);
    if (modules === null || this.isBusy) return;
    // First of all: the browser allows it only right after the click.
    if (!(await this.openPart(part + 1))) return;
    this.isBusy = true;
    this.run = new ExportRun(this, modules);
    this.show(["progress"], ["form", "interrupted", "result"]);
    this.part("pause").focus();
    try {
      await this.run.write(part, after);
      this.memory.forget();
      this.finish(this.run.describe(), "note");
    } catch (error) {
      await this.sink.abort();
      const { isCancelled, saved } = this.run;
      const cancelled = saved === 0 ? this.texts.cancelled : this.texts.cancelledParts;
      if (isCancelled) this.finish(cancelled, "warning");
      else this.finish(fill(this.texts.failed, { reason: this.reason(error) }), "error");
    } finally {
      this.isBusy = false;
      this.run.end();
    }
  }

  /** Begins a file. Returns false if the user does not say where. @param {number} part */
  async openPart(part) {
    const day = new Date().toISOString().slice(0, 10);
    const name = `satchel-${this.address.replace(/[^\w.@-]+/g, "-")}-${day}`;
    try {
      await this.sink.open(`${name}${part === 1 ? "" : `-part-${part}`}.zip`);
      return true;
    } catch (error) {
      const isDismissed = error instanceof DOMException && error.name === "AbortError";
      if (!isDismissed) this.say("problem", this.reason(error));
      return false;
    }
  }

  /** @param {string} text @param {string} kind */
  finish(text, kind) {
    const { changed, failures } = /** @type {ExportRun} */ (this.run);
    this.show(["result"], ["progress"]);
    const result = this.part("result-text");
    result.textContent = text;
    result.className = kind;
    const lists = [
      { items: changed, forms: this.texts.changed },
      { items: failures, forms: this.texts.failures },
    ].filter(({ items }) => items.count > 0);
    this.part("problems").replaceChildren(
      ...lists.map(({ items, forms }) =>
        this.list(this.counted(forms, items.count), items.listed, items.count),
      ),
    );
    this.part("save-again").hidden = kind !== "note" || this.sink.isDisk;
    this.announce(text);
    result.focus();
  }
}

/** One export, from its first document to its last. */
class ExportRun {
  documents = 0;
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
    const root = new URL(section.urls.root, location.href).href;
    this.storage = new StorageClient({ root, network: this.network });
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
    const info = { address, modules: this.modules, now: new Date() };
    const parts = writeParts(this.entries(after), info, partBytes);
    for await (const { archive, last, isLast } of parts) {
      part++;
      const before = { documents: this.documents, bytes: this.bytes };
      await this.writePart(archive, part);
      this.part = { number: part, isOnly: part === 1 && isLast() };
      this.written = {
        documents: this.documents - before.documents,
        bytes: this.bytes - before.bytes,
      };
      if (isLast()) break;
      await this.untilSaved(part);
      this.saved++;
      const { modules } = this;
      memory.write({ address, modules, part, after: last(), at: Date.now() });
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
    for await (const entry of readStorage(this.storage, foldersOf(this.modules), after)) {
      if (entry.kind === "failure") {
        const note = this.section.texts.reasons[entry.error.code] ?? entry.error.message;
        this.failures.add({ name: entry.path, note });
        continue;
      }
      if (entry.kind === "change") {
        const { deleted, newer } = this.section.texts;
        this.changed.add({ name: entry.path, note: entry.archived === null ? deleted : newer });
      }
      if (entry.kind === "document") this.documents++;
      yield entry;
    }
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
    const { documents, bytes } = /** @type {{documents: number, bytes: number}} */ (this.written);
    section.say("save", fill(section.sink.isDisk ? next : save, { part, next: part + 1 }));
    const text = section.counted(ready, documents, { part, bytes: section.bytes(bytes) });
    await this.pausing.ask(section.part("save"), text, async () => {
      section.sink.save();
      return section.openPart(part + 1);
    });
    section.say("save", null);
  }

  /** What has become of it, in a sentence. */
  describe() {
    const { section } = this;
    const { number, isOnly } = /** @type {{number: number, isOnly: boolean}} */ (this.part);
    const { documents, bytes } = /** @type {{documents: number, bytes: number}} */ (this.written);
    const values = { file: section.sink.name(), bytes: section.bytes(bytes) };
    const text = section.counted(section.texts.done, documents, values);
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

for (const section of document.querySelectorAll("[data-export]")) {
  new ExportSection(/** @type {HTMLElement} */ (section));
}
