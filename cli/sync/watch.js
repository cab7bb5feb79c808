/** Syncs again and again: when a file or a document has changed. */

import { watch } from "node:fs";
import { sep } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { TEMPORARY_SUFFIX } from "../lib/files.js";
import { isRefusal } from "../lib/refusal.js";
import { listen } from "./listener.js";
import { RememberedListings } from "./remembered-listings.js";
import { isOwnFile, TRASH } from "./state.js";

/** How long nothing must have changed before a sync, so that many changes make one; but at most so long. */
const SETTLE_MS = 300;
const MAX_SETTLE_MS = 5000;

/** Everything is looked at again after this time, whoever tells of changes. */
const FULL_SCAN_MS = 600_000;

/** Refusals that may pass: the next sync may succeed. */
const PASSING = ["unreachable", "unavailable", "rate-limited"];

/**
 * @typedef {object} WatchOptions
 * @property {string} local
 * @property {string} folder of the storage
 * @property {import("../../transfer/storage.js").StorageClient} storage
 * @property {(listings: RememberedListings) => Promise<unknown>} syncOnce
 * @property {number} intervalMs how often the server is asked if it does not tell
 * @property {import("../lib/output.js").Output} output
 * @property {AbortSignal} signal
 */

/**
 * Syncs until the signal. Refuses with whatever a sync refuses, unless it may pass.
 * @param {WatchOptions} options
 */
export async function watchAndSync(options) {
  const { local, folder, storage, syncOnce, intervalMs, output } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  const listings = new RememberedListings(storage);
  const wakeup = new Wakeup(signal);
  const files = watchFiles(local, () => wakeup.ring());
  /** @type {boolean | null} */
  let isLive = null;
  const onStatus = (/** @type {boolean} */ isTold) => {
    // What has changed since the socket was lost.
    if (isLive && !isTold) wakeup.ring();
    if (isTold !== isLive) sayHow(output, isTold);
    isLive = isTold;
  };
  /** @type {Promise<void> | undefined} */
  let listening;
  try {
    for (let fullScanAt = Date.now(); ; ) {
      await unlessPassing(() => syncOnce(listings), output);
      const latest = listings.latest(folder);
      if (listening === undefined && latest !== null) {
        const etag = () => listings.latest(folder)?.etag ?? null;
        const onChange = () => wakeup.ring();
        const { live: endpoint } = latest;
        if (endpoint === null) onStatus(false);
        else listening = listen({ endpoint, folder, storage, etag, onChange, onStatus, signal });
      }
      await wakeup.wait(isLive && files.isWatching ? FULL_SCAN_MS : intervalMs);
      if (signal.aborted) return;
      if (Date.now() - fullScanAt < FULL_SCAN_MS) continue;
      listings.forget();
      fullScanAt = Date.now();
    }
  } finally {
    end.abort();
    files.close();
    await listening;
  }
}

/**
 * @param {() => Promise<unknown>} work
 * @param {import("../lib/output.js").Output} output
 */
async function unlessPassing(work, output) {
  try {
    await work();
  } catch (error) {
    if (!isRefusal(error) || !PASSING.includes(error.code)) throw error;
    output.warn(error.message);
  }
}

/** @param {import("../lib/output.js").Output} output @param {boolean} isLive */
function sayHow(output, isLive) {
  output.result({ watching: isLive ? "live" : "polling" });
  output.note(
    isLive
      ? "The server tells of changes at once. Ctrl-C ends."
      : "The server is asked for changes now and then. Ctrl-C ends.",
  );
}

/** Something that is waited for, and may happen before anybody waits. */
class Wakeup {
  #hasRung = false;
  /** @type {AbortController | null} */
  #sleep = null;

  /** @param {AbortSignal} signal ends all waiting */
  constructor(signal) {
    this.signal = signal;
  }

  ring() {
    this.#hasRung = true;
    this.#sleep?.abort();
  }

  /** Waits until it rings, at most so long, and then until it has been quiet for a moment. @param {number} ms */
  async wait(ms) {
    if (!this.#hasRung) {
      this.#sleep = new AbortController();
      await this.#pause(ms, AbortSignal.any([this.signal, this.#sleep.signal]));
      this.#sleep = null;
    }
    const start = Date.now();
    while (this.#hasRung && !this.signal.aborted && Date.now() - start < MAX_SETTLE_MS) {
      this.#hasRung = false;
      await this.#pause(SETTLE_MS, this.signal);
    }
    this.#hasRung = false;
  }

  /** @param {number} ms @param {AbortSignal} signal ends it */
  async #pause(ms, signal) {
    await pause(ms, undefined, { signal }).catch(() => {});
  }
}

/**
 * Is told of changed files. Where the system cannot tell (such as of too many folders), files are looked at now and then.
 * @param {string} local
 * @param {() => void} onChange
 */
function watchFiles(local, onChange) {
  const files = { isWatching: true, close: () => {} };
  const giveUp = () => {
    files.isWatching = false;
    files.close();
    onChange();
  };
  try {
    const watcher = watch(local, { recursive: true }, (_, name) => {
      if (name === null || !isOwn(name.replaceAll(sep, "/"))) onChange();
    });
    files.close = () => watcher.close();
    watcher.on("error", giveUp);
  } catch {
    giveUp();
  }
  return files;
}

/** What a sync itself writes besides documents. @param {string} name */
const isOwn = (name) => name === TRASH || isOwnFile(name) || name.endsWith(TEMPORARY_SUFFIX);
