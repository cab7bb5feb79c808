/** The other client of a database, as the bench speaks with it. */

import { Worker } from "node:worker_threads";

const PROGRAM = new URL("other-client.mjs", import.meta.url);

/** A second client of the same database, in a thread of its own. */
export class SecondClient {
  #worker;
  /** Who waits for a deed to be done. */
  #deed = null;
  /** Who waits to be told: by what tells, and the title that is waited for. */
  #waiting = null;

  /**
   * @param {string} name of the database
   * @param {string} url of the endpoint
   */
  constructor(name, url) {
    this.#worker = new Worker(PROGRAM, { workerData: { name, url } });
    this.#worker.on("message", (message) => this.#receive(message));
    this.#worker.on("error", (error) => this.#fail(error));
  }

  /** Fills collections that are there. */
  fill(names, count) {
    return this.#do("fill", names, count);
  }

  /** Has a live query of the beacon in a collection. */
  follow(name) {
    return this.#do("follow", name);
  }

  leave() {
    return this.#do("leave");
  }

  /**
   * When the beacon has this title, by the clock of client.mjs.
   * @param {"query" | "event"} kind whether it is the live query that has to have it, or the event
   *   of the storage instance that has to have come
   */
  timeOfTitle(kind, title) {
    this.#waiting = { kind, title, ...Promise.withResolvers() };
    return this.#waiting.promise;
  }

  stop() {
    return this.#worker.terminate();
  }

  #do(deed, ...args) {
    this.#deed = Promise.withResolvers();
    this.#worker.postMessage({ deed, args });
    return this.#deed.promise;
  }

  #receive(message) {
    if (message.done) return this.#deed.resolve();
    if (message.failure) return this.#fail(new Error(message.failure));
    const { kind, title, resolve } = this.#waiting ?? {};
    if (kind !== undefined && message[kind] === title) resolve(message.at);
  }

  #fail(error) {
    this.#deed?.reject(error);
    this.#waiting?.reject(error);
  }
}
