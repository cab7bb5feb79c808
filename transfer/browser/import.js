/** The script of the page that imports documents: `src/transfer/pages/import.tsx`. */

import { openSource } from "../sources/source.js";
import { ImportRun } from "./import-run.js";
import { openFolder, openZipFile } from "./picked-files.js";
import { download, fill, Memory, Section } from "./section.js";

/** @typedef {import("./import-run.js").ImportCounts} ImportCounts */
/** @typedef {import("../sources/file-tree.js").FileTree} FileTree */

/** The kinds of data, in the order in which they are imported. */
const KINDS = /** @type {const} */ (["documents", "databases"]);

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
      const { documents, databases } = Object.fromEntries(new FormData(this.form));
      this.import(/** @type {any} */ ({ documents, databases }));
    });
    for (const name of ["other", "again"]) {
      this.part(name).addEventListener("click", () => location.reload());
    }
    this.part("report").addEventListener("click", () => {
      const { report } = /** @type {ImportRun} */ (this.run);
      if (report !== null) download(report.blob(), "satchel-import.json");
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
      const several = this.counted(this.texts.files, files.length);
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
  showPreview(run) {
    this.previewed = run;
    this.show(["preview"], ["progress"]);
    this.part("would").replaceChildren(...this.describe(run, this.texts.would));
    for (const kind of KINDS) {
      this.part(`conflicts-${kind}`).hidden = run.counts[kind].of("kept").count === 0;
    }
    const isFull = run.counts.documents.hasCode("over-quota");
    const free = fill(this.texts.overQuota, { bytes: this.bytes(run.availableBytes ?? 0) });
    const hasWork = isFull || run.countOf("kept") + run.countOf("new") > 0;
    const isThere = !hasWork && run.countOf("equal") > 0 && run.countOf("refused") === 0;
    this.say("over-quota", isFull ? free : null);
    this.say("nothing", isThere ? this.texts.nothing : null);
    this.part("start").hidden = !hasWork;
    this.part("preview-title").focus();
    this.announce(this.summarize(run, this.texts.would));
  }

  /** @param {import("./import-run.js").Choices} onConflict */
  async import(onConflict) {
    this.show(["progress"], ["preview"]);
    this.part("pause").focus();
    const run = this.begin("import");
    this.memory.write({ name: this.name, at: Date.now() });
    try {
      const sources = await Promise.all(this.trees.map(openSource));
      await run.import(sources, onConflict, /** @type {ImportRun} */ (this.previewed));
      this.memory.forget();
      const isWhole = run.countOf("refused") === 0;
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
  finish(run, text, kind) {
    this.show(["result"], ["progress"]);
    const result = this.part("result-text");
    result.textContent = text;
    result.className = kind;
    this.part("did").replaceChildren(...this.describe(run, this.texts.did));
    this.announce(text);
    result.focus();
  }

  /** The outcomes that there were, as lists of terms, one for each kind of data. @param {ImportRun} run @param {Record<string, string>} names */
  describe({ counts }, names) {
    const isMixed = counts.databases.total > 0;
    return KINDS.flatMap((kind) => {
      const outcomes = this.outcomesOf(counts[kind], names);
      if (outcomes.length === 0) return [];
      const heading = document.createElement("h3");
      heading.textContent = this.texts.kinds[kind];
      const list = document.createElement("dl");
      list.className = "outcomes";
      for (const { name, text, count, listed } of outcomes) {
        const term = document.createElement("dt");
        term.textContent = name;
        const items = listed.map(({ path, as = "", error }) => ({
          name: path,
          note: error ? this.reason(error) : as && fill(this.texts.as, { path: as }),
        }));
        const description = document.createElement("dd");
        description.append(text, this.list(this.texts.details, items, count));
        list.append(term, description);
      }
      return isMixed ? [heading, list] : [list];
    });
  }

  /** The same in a few sentences. @param {ImportRun} run @param {Record<string, string>} names */
  summarize({ counts }, names) {
    return KINDS.flatMap((kind) => this.outcomesOf(counts[kind], names))
      .map(({ name, text }) => `${name}: ${text}.`)
      .join(" ");
  }

  /** @param {ImportCounts} counts @param {Record<string, string>} names */
  outcomesOf(counts, names) {
    return Object.entries(names)
      .map(([outcome, name]) => ({ outcome, name, ...counts.of(outcome) }))
      .filter(({ count }) => count > 0)
      .map(({ outcome, name, count, bytes, listed }) => {
        const { documents, files } = this.texts;
        const counted = this.counted(outcome === "omitted" ? files : documents, count);
        const text = bytes === 0 ? counted : `${counted}, ${this.bytes(bytes)}`;
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
