/** The script of the page that exports documents and databases: `src/transfer/pages/export.tsx`. */

import { ExportRun } from "./export-run.js";
import { fill, Memory, Section } from "./section.js";
import { createSink } from "./sinks.js";

/**
 * Where an export in parts goes on.
 * @typedef {object} Position
 * @property {string} address
 * @property {string[]} modules
 * @property {number} part the last one that was saved
 * @property {string | null} after its last document
 * @property {number} at milliseconds since 1970
 */

/** The section with the form, the progress and the result. */
export class ExportSection extends Section {
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
      const isWhole = this.run.failures.count === 0;
      this.finish(this.run.describe(), isWhole ? "note" : "warning", true);
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

  /** @param {string} text @param {string} kind @param {boolean} [isSaved] whether there is an archive */
  finish(text, kind, isSaved = false) {
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
    this.part("save-again").hidden = !isSaved || this.sink.isDisk;
    this.announce(text);
    result.focus();
  }
}

for (const section of document.querySelectorAll("[data-export]")) {
  new ExportSection(/** @type {HTMLElement} */ (section));
}
