/** The script of the page that imports documents: `src/transfer/pages/import.tsx`. */

import { openSource } from "../sources/source.js";
import { ImportRun } from "./import-run.js";
import { openFolder, openZipFile } from "./picked-files.js";
import { download, fill, Memory, Section } from "./section.js";

/** @typedef {import("./import-run.js").ImportCounts} ImportCounts */
/** @typedef {import("../sources/file-tree.js").FileTree} FileTree */

class ImportSection extends Section {
  memory = new Memory("satchel-import");
  /** @type {FileTree[]} */
  trees = [];
  name = "";
  /** @type {ImportRun | null} */
  run = null;

  /** @param {HTMLElement} element */
  constructor(element) {
    super(element);
    this.limits = JSON.parse(element.dataset.import ?? "{}");
    for (const input of element.querySelectorAll("[data-input]")) {
      this.listenToInput(/** @type {HTMLInputElement} */ (input));
    }
    this.form = /** @type {HTMLFormElement} */ (this.part("preview"));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.import(this.form["on-conflict"].value);
    });
    for (const name of ["other", "again"]) {
      this.part(name).addEventListener("click", () => location.reload());
    }
    this.part("report").addEventListener("click", () => {
      const report = JSON.stringify(this.run?.counts.report ?? [], null, 2);
      download(new Blob([report], { type: "application/json" }), "satchel-import.json");
    });
    addEventListener("beforeunload", (event) => {
      if (this.run?.isBusy) event.preventDefault();
    });
    this.showInterrupted();
    element.hidden = false;
  }

  /** @param {HTMLInputElement} input */
  listenToInput(input) {
    const kind = input.dataset.input;
    const button = this.element.querySelector(`[data-pick=${kind}]`);
    button?.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      input.value = "";
      if (files.length === 0) return;
      const [{ name, webkitRelativePath }] = /** @type {[File]} */ (files);
      const folder = webkitRelativePath.split("/", 1)[0];
      const several = this.counted(this.texts.several, files.length);
      this.name = kind === "folder" ? (folder ?? "") : files.length === 1 ? name : several;
      this.preview(kind === "folder" ? async () => [openFolder(files)] : () => openZips(files));
    });
  }

  showInterrupted() {
    const interrupted = this.memory.read();
    if (interrupted === null) return;
    const { name, at } = interrupted;
    this.say("interrupted", fill(this.texts.interrupted, { name, date: this.date(at) }));
  }

  /** Reads what was picked, and shows what an import would do. @param {() => Promise<FileTree[]>} open */
  async preview(open) {
    this.say("problem", null);
    this.show(["progress"], ["choose", "interrupted"]);
    const run = this.begin("preview");
    try {
      this.trees = await open();
      const { formats } = this.texts;
      const sources = await Promise.all(this.trees.map(openSource));
      const names = [...new Set(sources.map(({ format }) => formats[format]))];
      await run.dryRun(sources);
      this.part("chosen").textContent = fill(this.texts.chosen, {
        name: this.name,
        format: names.join(" "),
      });
      this.showPreview(run);
    } catch (error) {
      this.show(["choose"], ["progress"]);
      const text = fill(this.texts.unreadable, { reason: this.reason(error) });
      this.say("problem", run.isCancelled ? null : `${this.name}: ${text}`);
    } finally {
      run.end();
    }
  }

  /** @param {"preview" | "import"} purpose */
  begin(purpose) {
    this.run = new ImportRun(this, purpose, this.limits);
    return this.run;
  }

  /** @param {ImportRun} run */
  showPreview({ counts, availableBytes }) {
    this.total = counts.total;
    this.expectedBytes = counts.bytes;
    this.show(["preview"], ["progress"]);
    this.part("would").replaceChildren(...this.describe(counts, this.texts.would));
    const differs = counts.of("kept").count > 0;
    this.part("conflicts").hidden = !differs;
    const isFull = counts.hasCode("over-quota");
    const free = fill(this.texts.overQuota, { bytes: this.bytes(availableBytes ?? 0) });
    this.say("over-quota", isFull ? free : null);
    const hasWork = differs || isFull || counts.of("new").count > 0;
    this.part("start").hidden = !hasWork;
    if (!hasWork && counts.of("refused").count === 0) this.say("over-quota", this.texts.nothing);
    this.part("preview-title").focus();
    this.announce(this.summarize(counts, this.texts.would));
  }

  /** @param {"keep" | "replace" | "both"} onConflict */
  async import(onConflict) {
    this.show(["progress"], ["preview"]);
    this.part("pause").focus();
    const run = this.begin("import");
    this.memory.write({ name: this.name, at: Date.now() });
    try {
      const sources = await Promise.all(this.trees.map(openSource));
      await run.import(sources, onConflict, this.total ?? 0, this.expectedBytes ?? 0);
      this.memory.forget();
      const isWhole = run.counts.of("refused").count === 0;
      this.finish(run, isWhole ? this.texts.done : this.texts.partly, isWhole ? "note" : "warning");
    } catch (error) {
      const { cancelled, failed } = this.texts;
      if (run.isCancelled) this.finish(run, cancelled, "warning");
      else this.finish(run, fill(failed, { reason: this.reason(error) }), "error");
    } finally {
      run.end();
    }
  }

  /** @param {ImportRun} run @param {string} text @param {string} kind */
  finish({ counts }, text, kind) {
    this.show(["result"], ["progress"]);
    const result = this.part("result-text");
    result.textContent = text;
    result.className = kind;
    this.part("did").replaceChildren(...this.describe(counts, this.texts.did));
    this.announce(text);
    result.focus();
  }

  /** The outcomes that there were, as terms and descriptions. @param {ImportCounts} counts @param {Record<string, string>} names */
  describe(counts, names) {
    return this.outcomesOf(counts, names).flatMap(({ name, text, count, listed }) => {
      const term = document.createElement("dt");
      term.textContent = name;
      const items = listed.map(({ path, as = "", error }) => ({
        name: path,
        note: error ? this.reason(error) : as && fill(this.texts.as, { path: as }),
      }));
      const description = document.createElement("dd");
      description.append(text, this.list(this.texts.details, items, count));
      return [term, description];
    });
  }

  /** The same in one sentence. @param {ImportCounts} counts @param {Record<string, string>} names */
  summarize(counts, names) {
    const outcomes = this.outcomesOf(counts, names);
    return outcomes.map(({ name, text }) => `${name}: ${text}.`).join(" ");
  }

  /** @param {ImportCounts} counts @param {Record<string, string>} names */
  outcomesOf(counts, names) {
    return Object.entries(names)
      .map(([outcome, name]) => ({ name, ...counts.of(outcome) }))
      .filter(({ count }) => count > 0)
      .map(({ name, count, bytes, listed }) => {
        const documents = this.counted(this.texts.documents, count);
        const text = bytes === 0 ? documents : `${documents}, ${this.bytes(bytes)}`;
        return { name, text, count, listed };
      });
  }
}

/** @param {File[]} files */
async function openZips(files) {
  const trees = [];
  for (const file of files) trees.push(await openZipFile(file));
  return trees;
}

for (const section of document.querySelectorAll("[data-import]")) {
  new ImportSection(/** @type {HTMLElement} */ (section));
}
