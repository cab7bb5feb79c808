/**
 * Uploads files, a few at a time. Each is a PUT that overwrites nothing (If-None-Match: *) until somebody has
 * said what to do about a document that exists. `files.js` shows what happens here.
 */

/** Uploads at the same time. */
const PARALLEL = 3;

/** Attempts at a file while the server is busy, or does not answer. */
const MAX_ATTEMPTS = 5;

/** A server that is busy for longer is not waited for. */
const MAX_WAIT_SECONDS = 120;

/** Numbers that are tried for a file that is to be kept beside another: "name (2).txt". */
const MAX_COPIES = 1000;

/** The statuses after which it may work later; 0: there was no answer. */
const RETRIED = [0, 429, 503];

/** A file to upload, and its path below the folder. */
export const newItem = (file, path = file.name) => ({ file, path, originalPath: path, copy: 1 });

/**
 * The uploads into a folder. `view` is told about each step: `showProgress(queue)`, `showWaiting(seconds)`,
 * `addFailure(item, status)` and `finish(queue)`; `askAboutClash(item)` promises "keep-both", "replace" or
 * "skip".
 */
export class UploadQueue {
  #folder;
  #view;
  #waiting = [];
  /** The files that are being uploaded, with the bytes of each that were sent. */
  #active = new Map();
  #workers = 0;
  /** Until then the server has asked for a pause, milliseconds since 1970. */
  #resumeAt = 0;

  constructor(folder, view) {
    this.#folder = folder;
    this.#view = view;
    this.isCancelled = false;
    this.count = 0;
    this.totalBytes = 0;
    this.finished = 0;
    this.finishedBytes = 0;
    this.done = 0;
    this.skipped = 0;
  }

  get isBusy() {
    return this.#workers > 0;
  }

  get sentBytes() {
    return this.finishedBytes + [...this.#active.values()].reduce((sum, sent) => sum + sent, 0);
  }

  add(items) {
    this.#waiting.push(...items);
    this.count += items.length;
    this.totalBytes += items.reduce((sum, { file }) => sum + file.size, 0);
    this.#view.showProgress(this);
    while (this.#workers < Math.min(PARALLEL, this.#waiting.length + this.#active.size)) {
      this.#work();
    }
  }

  cancel() {
    this.isCancelled = true;
    this.#waiting.length = 0;
    for (const { abort } of this.#active.keys()) abort?.();
  }

  async #work() {
    this.#workers++;
    for (let item = this.#waiting.shift(); item; item = this.#waiting.shift()) {
      this.#active.set(item, 0);
      const outcome = await this.#upload(item);
      this.#active.delete(item);
      this.finished++;
      this.finishedBytes += item.file.size;
      if (outcome === "done") this.done++;
      else if (outcome === "skipped") this.skipped++;
      else if (outcome !== "cancelled") this.#view.addFailure(item, outcome);
      this.#view.showProgress(this);
    }
    this.#workers--;
    if (!this.isBusy) this.#view.finish(this);
  }

  /** Uploads a file. Returns "done", "skipped", "cancelled", or the status that refuses it. */
  async #upload(item) {
    let condition = ["If-None-Match", "*"];
    for (let attempt = 1; ; ) {
      await this.#untilResumed();
      if (this.isCancelled) return "cancelled";
      const { status, etag, retryAfter } = await this.#send(item, condition);
      if (status === 200 || status === 201) return "done";
      if (this.isCancelled) return "cancelled";
      if (status === 412) {
        const answer = await this.#answerToClash(item);
        if (answer === "skip") return this.isCancelled ? "cancelled" : "skipped";
        if (answer === "keep-both" && !takeNextName(item)) return status;
        const replaces = answer === "replace" && etag !== null;
        condition = replaces ? ["If-Match", etag] : ["If-None-Match", "*"];
        continue;
      }
      if (status === 0 && !(await isReadable(item.file))) return "unreadable";
      const seconds = retryAfter ?? 2 ** attempt / 2;
      const isFinal = !RETRIED.includes(status) || attempt === MAX_ATTEMPTS;
      if (isFinal || seconds > MAX_WAIT_SECONDS) return status;
      attempt++;
      this.#resumeAt = Math.max(this.#resumeAt, Date.now() + 1000 * seconds);
    }
  }

  /** The number after one that is taken is as good as any other. */
  #answerToClash(item) {
    return item.copy > 1 ? "keep-both" : this.#view.askAboutClash(item);
  }

  async #untilResumed() {
    while (!this.isCancelled && this.#resumeAt > Date.now()) {
      const wait = this.#resumeAt - Date.now();
      this.#view.showWaiting(Math.ceil(wait / 1000));
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, wait)));
    }
  }

  /** Not with fetch, which does not say how much it has sent. */
  #send(item, [header, value]) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      request.open("PUT", this.#folder + encodePath(item.path));
      request.setRequestHeader(header, value);
      request.setRequestHeader("Accept", "application/json");
      request.upload.addEventListener("progress", ({ loaded }) => {
        this.#active.set(item, loaded);
        this.#view.showProgress(this);
      });
      request.addEventListener("loadend", () => {
        item.abort = undefined;
        const retryAfter = request.getResponseHeader("Retry-After");
        resolve({
          status: request.status,
          etag: request.getResponseHeader("ETag"),
          retryAfter: retryAfter === null ? null : Number(retryAfter) || 1,
        });
      });
      item.abort = () => request.abort();
      request.send(item.file);
    });
  }
}

/** Gives a file the next name that may be free: "name (2).txt". Returns false after very many. */
function takeNextName(item) {
  const [, folder = "", stem, extension = ""] = /^(.*\/)?(.+?)(\.[^./]*)?$/s.exec(
    item.originalPath,
  );
  item.copy++;
  item.path = `${folder}${stem} (${item.copy})${extension}`;
  return item.copy <= MAX_COPIES;
}

const encodePath = (path) =>
  path
    .split("/")
    .map((name) => encodeURIComponent(name.toWellFormed?.() ?? name))
    .join("/");

/** Whether a file is still what it was when it was chosen. */
const isReadable = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

/**
 * The files at or below what was dropped, as items. Calls `onFile` with the number of those found so far, and
 * `onUnreadable` with the path of what cannot be read; stops when `isCancelled` says so.
 */
export async function readDropped(dropped, { onFile, onUnreadable, isCancelled }) {
  const items = [];
  const add = (item) => {
    items.push(item);
    onFile(items.length);
  };
  const read = async (entry, parent) => {
    const path = parent + entry.name;
    if (isCancelled()) return;
    if (entry.isFile) return add(newItem(await promise((...done) => entry.file(...done)), path));
    const reader = entry.createReader();
    for (;;) {
      // It gives a hundred entries at a time.
      const children = await promise((...done) => reader.readEntries(...done));
      if (children.length === 0) return;
      for (const child of children) await readOrReport(child, `${path}/`);
    }
  };
  const readOrReport = (entry, parent) =>
    read(entry, parent).catch(() => onUnreadable(parent + entry.name));
  for (const entry of dropped) {
    if (entry instanceof File) add(newItem(entry));
    else if (entry !== null) await readOrReport(entry, "");
  }
  return items;
}

const promise = (start) => new Promise(start);
