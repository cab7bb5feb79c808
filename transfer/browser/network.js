/**
 * Requests of a page that is at work for hours: they wait while the user has paused it, while the server cannot be
 * reached, and until the user has signed in again.
 */

import { DatabasesClient } from "../databases/client.js";
import { TransferError } from "../requests.js";
import { StorageClient } from "../storage.js";
import { chunksOf } from "../streams.js";

/** How often a server that cannot be reached is tried again; at once when the browser is online again. */
const OFFLINE_PAUSE_MS = 3000;

/** Chunks are handed over to the browser when there are so many bytes of them. */
const BLOB_PIECE_BYTES = 8 * 1024 * 1024;

/** What the page is told. `onStopped` promises to resolve when the user wants to go on. */
/**
 * @typedef {object} NetworkEvents
 * @property {(isOffline: boolean) => void} onOffline
 * @property {(seconds: number) => void} onWait the server has asked for a pause
 * @property {(error: unknown) => Promise<void>} onStopped
 */

/** The network of `transfer/`, with the token of a page. */
export class PageNetwork {
  #controller = new AbortController();
  /** @type {(() => void) | null} */
  #resume = null;
  /** @type {Promise<void>} */
  #resumed = Promise.resolve();
  /** @type {Promise<void> | null} */
  #restoring = null;

  /** @param {import("./access.js").PageAccess} access @param {NetworkEvents} events */
  constructor(access, events) {
    this.access = access;
    this.events = events;
    this.signal = this.#controller.signal;
    this.fetch = this.fetch.bind(this);
  }

  get isPaused() {
    return this.#resume !== null;
  }

  pause() {
    if (this.isPaused) return;
    this.#resumed = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume() {
    this.#resume?.();
    this.#resume = null;
  }

  /** Stops everything. */
  cancel() {
    this.#controller.abort();
    this.resume();
  }

  /** Resolves while it is not paused. Throws when it is cancelled. */
  async whenRunning() {
    await this.#resumed;
    this.signal.throwIfAborted();
  }

  /** @param {{ms: number}} wait */
  onWait({ ms }) {
    this.events.onWait(Math.ceil(ms / 1000));
  }

  /** @param {string} url @param {RequestInit} init @returns {Promise<Response>} */
  async fetch(url, { headers, body, ...init }) {
    // Browsers can send no streams, or not over HTTP/1.
    const content = body instanceof ReadableStream ? await blobOf(body) : (body ?? null);
    for (let isRestored = false; ; isRestored = true) {
      const response = await this.#reach(url, () => ({
        ...init,
        body: content,
        headers: { ...headers, Authorization: `Bearer ${this.access.token}` },
        signal: this.signal,
        cache: "no-store",
        credentials: "omit",
      }));
      if (response.status !== 401) return response;
      await response.body?.cancel();
      await this.#restore(isRestored);
    }
  }

  /** Sends a request until there is a response. @param {string} url @param {() => RequestInit} init */
  async #reach(url, init) {
    for (let attempt = 1; ; attempt++) {
      await this.whenRunning();
      try {
        const response = await fetch(url, init());
        if (attempt > 1) this.events.onOffline(false);
        return response;
      } catch {
        this.signal.throwIfAborted();
        this.events.onOffline(true);
        await untilOnline(this.signal);
      }
    }
  }

  /**
   * Makes the token valid again, once for all requests that wait for it. Asks the user if it has ended.
   * @param {boolean} isRefused a renewed token was refused, too
   */
  #restore(isRefused) {
    this.#restoring ??= this.#restoreOnce(isRefused).finally(() => {
      this.#restoring = null;
    });
    return this.#restoring;
  }

  /** @param {boolean} isRefused */
  async #restoreOnce(isRefused) {
    if (!isRefused && (await this.access.renew().catch(() => false))) return;
    await this.events.onStopped(new TransferError("signed-out", "The access has ended."));
    await this.connect();
  }

  /** Gets a token. If there is none, asks the user to do something about it, and to go on. */
  async connect() {
    for (;;) {
      this.signal.throwIfAborted();
      try {
        return await this.access.open();
      } catch (error) {
        await this.events.onStopped(error);
      }
    }
  }
}

/**
 * The storage and the databases of the user. They get their token from the network.
 * @param {import("./section.js").Section["urls"]} urls
 * @param {PageNetwork} network
 */
export function openAccount(urls, network) {
  const absolute = (/** @type {string} */ url) => new URL(url, location.href).href;
  const storage = new StorageClient({
    root: absolute(urls.root),
    keepsTimes: true,
    batchUrl: absolute(urls.batch),
    network,
  });
  return { storage, databases: new DatabasesClient(absolute(urls.databases), storage) };
}

/** Resolves after a pause, or when the browser is online again. @param {AbortSignal} signal */
const untilOnline = (signal) =>
  /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, OFFLINE_PAUSE_MS);
      addEventListener("online", done);
      signal.addEventListener("abort", done);
    })
  );

/** Bytes that are moved out of the memory of the page as they come. */
export class BlobWriter {
  /** @type {Blob[]} */
  #pieces = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #chunks = [];
  #pending = 0;

  /** @param {Uint8Array<ArrayBuffer>} chunk */
  async write(chunk) {
    this.#chunks.push(chunk);
    this.#pending += chunk.byteLength;
    if (this.#pending >= BLOB_PIECE_BYTES) this.#pack();
  }

  #pack() {
    this.#pieces.push(new Blob(this.#chunks));
    this.#chunks = [];
    this.#pending = 0;
  }

  /** All bytes. @param {string} [type] */
  blob(type = "") {
    this.#pack();
    return new Blob(this.#pieces, { type });
  }
}

/** @param {ReadableStream<Uint8Array>} stream */
async function blobOf(stream) {
  const writer = new BlobWriter();
  for await (const chunk of chunksOf(stream)) await writer.write(chunk);
  return writer.blob();
}
