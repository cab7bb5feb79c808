/** Does what a sync has planned, one document after another. */

import { existsSync, openAsBlob } from "node:fs";
import { mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import mime from "mime";
import { digesting, digestOf } from "../../transfer/digest.js";
import { putConditionally } from "../../transfer/put-conditionally.js";
import { openDocument } from "../../transfer/read-document.js";
import { TransferError } from "../../transfer/requests.js";
import { chunksOf, streamOf } from "../../transfer/streams.js";
import { writeStream } from "../lib/files.js";
import { fileOf } from "./scan.js";
import { TRASH } from "./state.js";

/** @typedef {import("./state.js").SyncedDocument} SyncedDocument */

/** One run of a sync. */
export class SyncRun {
  /**
   * @param {object} options
   * @param {string} options.local
   * @param {string} options.folder of the storage
   * @param {import("../../transfer/storage.js").StorageClient} options.storage
   * @param {Map<string, SyncedDocument>} options.state is changed
   * @param {Map<string, import("./scan.js").LocalFile>} options.files
   * @param {Map<string, import("../../transfer/listing.js").FolderItem>} options.documents
   * @param {Date} options.now
   */
  constructor({ local, folder, storage, state, files, documents, now }) {
    this.local = local;
    this.folder = folder;
    this.storage = storage;
    this.state = state;
    this.files = files;
    this.documents = documents;
    this.now = now;
  }

  /**
   * Does an action. Refuses with `changed` or `conflict` if the file or the document is not as it was planned
   * with: the next sync compares them again. Returns what was done.
   * @param {import("./plan.js").SyncAction} action
   * @returns {Promise<string>}
   */
  async apply(action) {
    const { path, kind } = action;
    switch (kind) {
      case "upload":
        await this.upload(path, action.replaces);
        return kind;
      case "download":
        await this.download(path);
        return kind;
      case "compare":
        return this.compare(path);
      case "delete-document":
        await this.storage.delete(this.folder + path, { ifMatch: action.etag });
        this.state.delete(path);
        return kind;
      case "delete-file":
        await this.discard(path);
        return kind;
      case "forget":
        this.state.delete(path);
        return kind;
    }
  }

  /** @param {string} path @param {string | null} replaces */
  async upload(path, replaces) {
    const file = join(this.local, fileOf(path));
    const { mtimeMs: modified, size: length } = await stat(file);
    const content = /** @type {Blob} */ (/** @type {unknown} */ (await openAsBlob(file)));
    // A file that is being written cannot be read to its end.
    const requireSame = () => this.requireUnchanged(path, { modified, length });
    const { digest } = await digestOf(chunksOf(content.stream())).catch(async (error) => {
      await requireSame();
      throw error;
    });
    const guess = mime.getType(path) ?? "application/octet-stream";
    const type = this.documents.get(path)?.type ?? guess;
    const open = () => requireSame().then(() => content);
    const body = { length, open, digest: async () => digest };
    const options = { type, ifMatch: replaces };
    const { etag } = await putConditionally(this.storage, this.folder + path, body, options);
    if (etag !== null) this.state.set(path, { etag, digest, length, modified });
  }

  /** @param {string} path */
  async download(path) {
    const file = join(this.local, fileOf(path));
    await this.requireUnchanged(path);
    const opened = await openDocument(this.storage, this.folder + path);
    if (opened === null) throw new TransferError("changed", `${path} was deleted meanwhile.`);
    await mkdir(dirname(file), { recursive: true });
    const { chunks, finish } = digesting(chunksOf(opened.body));
    await writeStream(file, streamOf(chunks), undefined, () => this.requireUnchanged(path));
    const { mtimeMs: modified } = await stat(file);
    this.state.set(path, { etag: opened.etag, ...(await finish()), modified });
  }

  /**
   * Refuses if a file is not as it was scanned, or is there although none was.
   * @param {string} path
   * @param {{modified: number, length: number}} [before]
   */
  async requireUnchanged(path, before = this.files.get(path)) {
    const file = join(this.local, fileOf(path));
    const found = await stat(file).catch(() => null);
    const isSame = found?.mtimeMs === before?.modified && found?.size === before?.length;
    if (!isSame) throw new TransferError("changed", `${path}: its file was changed meanwhile.`);
  }

  /**
   * Both were changed. If they are not equal the file gets another name, and is a document of its own.
   * @param {string} path
   */
  async compare(path) {
    const opened = await openDocument(this.storage, this.folder + path);
    const file = this.files.get(path);
    if (opened === null || !file)
      throw new TransferError("changed", `${path} was deleted meanwhile.`);
    const { digest } = await digestOf(chunksOf(opened.body));
    if (digest === file.digest) {
      this.state.set(path, { ...file, etag: opened.etag });
      return "equal";
    }
    await this.requireUnchanged(path);
    const copy = this.conflictPath(path);
    await rename(join(this.local, fileOf(path)), join(this.local, fileOf(copy)));
    this.files.delete(path);
    await this.download(path);
    await this.upload(copy, null);
    return "conflict";
  }

  /** "a/b.txt" becomes "a/b (conflict 2026-11-29).txt". @param {string} path */
  conflictPath(path) {
    const [, start, extension = ""] = /^(.*?[^/])(\.[^./]+)?$/s.exec(path) ?? [];
    const day = this.now.toISOString().slice(0, 10);
    for (let number = 1; ; number++) {
      const copy = `${start} (conflict ${day}${number === 1 ? "" : ` ${number}`})${extension}`;
      if (!this.documents.has(copy) && !existsSync(join(this.local, fileOf(copy)))) return copy;
    }
  }

  /** Moves a file to the trash. @param {string} path */
  async discard(path) {
    await this.requireUnchanged(path);
    const file = fileOf(path);
    const target = join(this.local, TRASH, this.now.toISOString().replaceAll(":", "-"), file);
    await mkdir(dirname(target), { recursive: true });
    await rename(join(this.local, file), target);
    this.state.delete(path);
  }
}
