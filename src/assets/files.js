/**
 * Uploads files and whole folders that are picked or dropped: `tasks/pages/upload.tsx` is the section of the
 * page, `upload-queue.js` does the work. Without this script the section stays hidden.
 */

import { newItem, readDropped, UploadQueue } from "./upload-queue.js";

/** Each file counts as so many bytes more in the progress bar, so that empty ones count as well. */
const BYTES_PER_FILE = 20_000;

/** How often screen readers are told about the progress. */
const ANNOUNCE_MS = 15_000;

/** Where the result is kept while the page is loaded anew. */
const RESULT_KEY = "upload-result";

class UploadSection {
  constructor(section) {
    this.section = section;
    this.texts = JSON.parse(section.dataset.texts);
    this.language = section.dataset.language;
    this.plurals = new Intl.PluralRules(this.language);
    this.start();
    this.listen();
    this.listenForDrops();
    section.hidden = false;
    const result = sessionStorage.getItem(RESULT_KEY);
    sessionStorage.removeItem(RESULT_KEY);
    if (result !== null) this.showResult(result);
  }

  part(name) {
    return this.section.querySelector(`[data-upload-${name}]`);
  }

  /** Begins a new upload. What has failed before stays in its list. */
  start() {
    this.queue = new UploadQueue(this.section.dataset.uploadTo, this);
    this.answerForAll = null;
    this.asking = Promise.resolve();
    this.announcedAt = Date.now();
  }

  listen() {
    for (const input of this.section.querySelectorAll("[data-upload-input]")) {
      const button = this.section.querySelector(`[data-upload-pick=${input.dataset.uploadInput}]`);
      button.addEventListener("click", () => input.click());
      input.addEventListener("change", () => {
        const items = [...input.files].map((file) =>
          newItem(file, file.webkitRelativePath || file.name),
        );
        input.value = "";
        this.add(items);
      });
    }
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("retry").addEventListener("click", () => {
      for (const button of this.part("failed").querySelectorAll("[data-retry]")) button.click();
    });
    addEventListener("beforeunload", (event) => {
      if (this.queue.isBusy) event.preventDefault();
    });
  }

  listenForDrops() {
    const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
    const mark = (isOver) => this.section.classList.toggle("drop-target", isOver);
    document.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      mark(true);
    });
    document.addEventListener("dragleave", ({ relatedTarget }) => {
      if (relatedTarget === null) mark(false);
    });
    document.addEventListener("drop", (event) => {
      mark(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      // The items are gone as soon as this function has returned.
      const dropped = [...event.dataTransfer.items]
        .filter(({ kind }) => kind === "file")
        .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
      this.addDropped(dropped);
    });
  }

  async addDropped(dropped) {
    if (!this.queue.isBusy) this.start();
    const { queue } = this;
    this.part("progress").hidden = false;
    const items = await readDropped(dropped, {
      onFile: (count) => this.showText(fill(this.texts.reading, { count: this.format(count) })),
      onUnreadable: (path) => this.addFailure({ file: null, path }, "unreadable"),
      isCancelled: () => queue.isCancelled,
    });
    this.add(queue.isCancelled ? [] : items);
  }

  add(items) {
    if (items.length === 0 && this.queue.isBusy) return;
    if (items.length === 0) return this.finish(this.queue);
    if (!this.queue.isBusy) this.start();
    this.part("result").hidden = true;
    this.part("progress").hidden = false;
    this.queue.add(items);
  }

  cancel() {
    this.queue.cancel();
    this.part("clash").close("skip");
  }

  /** Asks one question at a time, and none after "for all". */
  askAboutClash({ path }) {
    this.asking = this.asking.then(() => this.answerForAll ?? this.openDialog(path));
    return this.asking;
  }

  openDialog(path) {
    if (this.queue.isCancelled) return "skip";
    const dialog = this.part("clash");
    const { all } = dialog.querySelector("form").elements;
    all.checked = false;
    showName(dialog.querySelector("[data-clash-name]"), this.texts.clash, path);
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      const onClose = () => {
        const { returnValue: answer } = dialog;
        if (all.checked && answer !== "") this.answerForAll = answer;
        // Escape closes it without an answer.
        resolve(answer || "skip");
      };
      dialog.addEventListener("close", onClose, { once: true });
    });
  }

  addFailure({ file, path }, status) {
    const line = this.section.querySelector("template").content.firstElementChild.cloneNode(true);
    line.querySelector("[data-name]").textContent = path;
    line.querySelector("[data-reason]").textContent = this.reasonFor(status);
    const retry = line.querySelector("[data-retry]");
    retry.setAttribute("aria-label", `${retry.textContent}: ${path}`);
    retry.addEventListener("click", () => {
      line.remove();
      this.part("failures").hidden = this.countFailures() === 0;
      this.add([newItem(file, path)]);
      this.part("cancel").focus();
    });
    if (file === null) retry.remove();
    this.part("failed").append(line);
    this.part("failures").hidden = false;
  }

  reasonFor(status) {
    const { errors } = this.texts;
    return errors[status === 0 ? "network" : status] ?? fill(errors.other, { status });
  }

  countFailures() {
    return this.part("failed").childElementCount;
  }

  showProgress({ count, finished, totalBytes, sentBytes }) {
    const bar = this.part("progress").querySelector("progress");
    bar.max = totalBytes + count * BYTES_PER_FILE;
    bar.value = sentBytes + finished * BYTES_PER_FILE;
    const values = {
      done: this.format(finished),
      count: this.format(count),
      bytes: this.formatBytes(Math.min(sentBytes, totalBytes)),
      total: this.formatBytes(totalBytes),
    };
    this.showText(fill(this.texts.progress, values));
  }

  showWaiting(seconds) {
    this.showText(fill(this.texts.waiting, { seconds }));
  }

  showText(text) {
    this.part("text").textContent = text;
    if (Date.now() - this.announcedAt > ANNOUNCE_MS) this.announce(text);
  }

  announce(text) {
    this.announcedAt = Date.now();
    this.part("announcement").textContent = text;
  }

  /** Shows the result: on the page as it is if something has failed, or else on the page loaded anew. */
  finish(queue) {
    const text = this.describeResult(queue);
    this.part("progress").hidden = true;
    if (queue.done === 0 || this.countFailures() > 0) return this.showResult(text);
    sessionStorage.setItem(RESULT_KEY, text);
    location.reload();
  }

  showResult(text) {
    const result = this.part("result");
    result.textContent = text;
    result.className = this.countFailures() === 0 ? "note" : "warning";
    result.hidden = false;
    this.announce(text);
  }

  describeResult({ isCancelled, done, skipped }) {
    const counts = { done, skipped, failed: this.countFailures() };
    const sentences = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => {
        const form = this.plurals.select(count) === "one" ? "one" : "other";
        return fill(this.texts[name][form], { count: this.format(count) });
      });
    if (isCancelled) sentences.unshift(this.texts.cancelled);
    return sentences.length === 0 ? this.texts.empty : sentences.join(" ");
  }

  format(number, options) {
    return new Intl.NumberFormat(this.language, options).format(number);
  }

  /** As on the rest of the page: powers of a thousand. */
  formatBytes(bytes) {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
    return this.format(bytes / 1000 ** power, {
      style: "unit",
      unit: units[power],
      unitDisplay: power === 0 ? "long" : "short",
      maximumFractionDigits: power === 0 ? 0 : 1,
    });
  }
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Shows a sentence with a name, which cannot change the direction of the text around it. */
function showName(element, text, name) {
  const [before, after] = text.split("{name}");
  const isolated = document.createElement("bdi");
  isolated.textContent = name;
  element.replaceChildren(before, isolated, after);
}

for (const section of document.querySelectorAll("[data-upload-to]")) new UploadSection(section);
