/** Controls the second client of a database, which runs in its own thread. */

import { Worker } from "node:worker_threads";

const WORKER = new URL("second-client-worker.mjs", import.meta.url);

/** A second client of the same database. */
export class SecondClient {
  #worker;
  /** The command that is running, as a deferred promise. */
  #command = null;
  /** The awaited title and its source, with a deferred promise. */
  #awaited = null;

  /**
   * @param {string} name of the database
   * @param {string} url of the server
   */
  constructor(name, url) {
    this.#worker = new Worker(WORKER, { workerData: { name, url } });
    this.#worker.on("message", (message) => this.#receive(message));
    this.#worker.on("error", (error) => this.#fail(error));
  }

  /** Fills existing collections. */
  fill(names, count) {
    return this.#run("fill", names, count);
  }

  /** Opens a live query of the beacon in a collection. */
  follow(name) {
    return this.#run("follow", name);
  }

  /** Closes the live query. */
  leave() {
    return this.#run("leave");
  }

  /**
   * Resolves to the time at which the beacon gets this title, by the clock of client.mjs.
   * @param {"query" | "event"} kind in the result of the live query, or in an event of the storage
   *   instance
   */
  timeOfTitle(kind, title) {
    this.#awaited = { kind, title, ...Promise.withResolvers() };
    return this.#awaited.promise;
  }

  stop() {
    return this.#worker.terminate();
  }

  #run(command, ...args) {
    this.#command = Promise.withResolvers();
    this.#worker.postMessage({ command, args });
    return this.#command.promise;
  }

  #receive(message) {
    if (message.done) return this.#command.resolve();
    if (message.failure) return this.#fail(new Error(message.failure));
    const { kind, title, resolve } = this.#awaited ?? {};
    if (kind !== undefined && message[kind] === title) resolve(message.at);
  }

  #fail(error) {
    this.#command?.reject(error);
    this.#awaited?.reject(error);
  }
}
