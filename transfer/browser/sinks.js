/** Where the browser puts an archive: straight to the disk, or into its own memory until it is saved. */

import { joinBytes } from "../streams.js";
import { BlobWriter } from "./network.js";
import { download } from "./section.js";

/** Small writes to the disk are slow. */
const WRITE_BYTES = 1024 * 1024;

/**
 * @typedef {object} Sink
 * @property {boolean} isDisk whether a part is a file from its beginning, of any size
 * @property {(name: string) => Promise<void>} open begins a part; on the disk the user has to say where
 * @property {(chunk: Uint8Array<ArrayBuffer>) => Promise<void>} write
 * @property {() => Promise<void>} close the part is complete
 * @property {() => Promise<void>} abort throws away what was written of a part that is not complete
 * @property {() => string} name of the part
 * @property {() => void} save hands a complete part over to the user, unless it is on the disk
 */

/** The best sink that this browser has. @returns {Sink} */
export const createSink = () =>
  "showSaveFilePicker" in globalThis ? new DiskSink() : new MemorySink();

/**
 * A file that the user has chosen. The browser writes beside it, and puts the content in its place when it is
 * complete. So a file of the name is never part of an archive.
 * @implements {Sink}
 */
class DiskSink {
  isDisk = true;
  /** @type {any} of the File System API, which not all browsers have */
  #handle;
  /** @type {any} */
  #file;
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  #pending = 0;

  name() {
    return this.#handle.name;
  }

  save() {}

  /** @param {string} suggestedName */
  async open(suggestedName) {
    const types = [{ description: "ZIP", accept: { "application/zip": [".zip"] } }];
    this.#handle = await /** @type {any} */ (globalThis).showSaveFilePicker({
      suggestedName,
      types,
    });
    this.#file = await this.#handle.createWritable();
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  async write(chunk) {
    this.#chunks.push(chunk);
    this.#pending += chunk.byteLength;
    if (this.#pending >= WRITE_BYTES) await this.#flush();
  }

  async #flush() {
    const bytes = joinBytes(this.#chunks);
    this.#chunks = [];
    this.#pending = 0;
    if (bytes.byteLength > 0) await this.#file.write(bytes);
  }

  async close() {
    await this.#flush();
    await this.#file.close();
  }

  async abort() {
    this.#chunks = [];
    this.#pending = 0;
    await this.#file?.abort().catch(() => {});
    // The picker has made an empty file. One that was there before stays as it was.
    const file = await this.#handle?.getFile().catch(() => null);
    if (file?.size === 0) await this.#handle.remove?.().catch(() => {});
  }
}

/** @implements {Sink} */
class MemorySink {
  isDisk = false;
  #name = "";
  #writer = new BlobWriter();
  #blob = new Blob();

  name() {
    return this.#name;
  }

  save() {
    download(this.#blob, this.#name);
  }

  /** @param {string} name */
  async open(name) {
    this.#name = name;
    this.#writer = new BlobWriter();
    this.#blob = new Blob();
  }

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  write(chunk) {
    return this.#writer.write(chunk);
  }

  async close() {
    this.#blob = this.#writer.blob("application/zip");
  }

  async abort() {
    this.#writer = new BlobWriter();
  }
}
