/**
 * A message channel of RxDB over a socket that reconnects. Every request is answered, in order, and
 * every change arrives once. On a new socket the channel
 *
 *   says in the URL up to which event bulk it has received everything, so that the rest is replayed
 *   sends `create` again for each connection
 *   sends the unanswered requests again
 */

import { Subject } from "rxjs";
import { decode, encode } from "./attachments.js";
import { ReconnectingSocket, toPlainError } from "./reconnecting-socket.js";

/**
 * @import { Answer, ChannelSettings, Request, Settings, Status } from "./index.js"
 * @typedef {{code?: string, message: string, retryAfterSeconds?: number}} PlainError
 * @typedef {object} PendingRequest
 * @property {Request} request
 * @property {string} frame the request as text
 * @property {number} timesSent
 * @property {number} recoveries how often an error was answered by creating a connection or a session
 * @property {boolean} [wasOpened] of a `create`: it was answered once
 * @property {ReturnType<typeof setTimeout>} [timer] until it is sent again
 */

/** Errors after which a request is sent again: another try may succeed, and does nothing twice. */
const TRANSIENT_CODES = new Set(["too-many-requests", "unavailable", "unknown-outcome"]);

/** How many recoveries a request gets before RxDB is told of the error. */
const MAX_RECOVERIES = 3;

export class Channel {
  /** @type {Subject<Answer>} */
  messages$ = new Subject();
  #settings;
  #socket;
  /** Requests are encoded one after the other, although Blobs are read asynchronously. */
  #encoding = Promise.resolve();
  /** Unanswered requests by their ids, in order. @type {Map<string, PendingRequest>} */
  #pending = new Map();
  /** The `create` of each connection. @type {Map<string, PendingRequest>} */
  #creates = new Map();
  /** Connections whose collection was removed, with the error to answer. @type {Map<string, PlainError>} */
  #removed = new Map();
  /** Connections that were reported as `lost`. @type {Set<string>} */
  #reportedLost = new Set();
  /** Number of the last event bulk that each connection has received. @type {Map<string, number>} */
  #lastNumbers = new Map();
  /** The newest event bulk that has arrived. */
  #newest = { epoch: "", number: -1 };
  /** Id of the last event bulk up to which no connection misses any. */
  #completeUpTo = "";
  /** Why the server refuses a session. @type {PlainError | null} */
  #refusal = null;
  /** `customRequest` opens a channel of its own, whose status is not reported. */
  #isSilent = false;

  /**
   * @param {() => Promise<Settings>} resolveSettings
   * @param {ChannelSettings} settings
   */
  constructor(resolveSettings, settings) {
    this.#settings = settings;
    this.#socket = new ReconnectingSocket(resolveSettings, settings, {
      // Until a bulk has arrived, all that come after the newest one of now are missing.
      resumeAfter: (newest) => (this.#completeUpTo ||= newest),
      onOpen: () => this.#resume(),
      onMessage: (answer) => this.#receive(answer),
      onPong: () => this.#recordComplete(),
      onDisconnect: () => this.#answerCloses(),
      onRefused: (why) => this.#refuseAll(why),
      onStatus: (status) => this.#report(status),
    });
  }

  /** @param {Request} request */
  send(request) {
    this.#encoding = this.#encoding.then(async () => {
      try {
        this.#enqueue({ request, frame: await encode(request), timesSent: 0, recoveries: 0 });
      } catch (error) {
        this.#answer(request, toPlainError(error));
      }
    });
  }

  /** Later requests are still answered: RxDB may close a collection or two after its channel. */
  async close() {
    if (this.#socket.isClosed) return;
    this.#socket.close();
    this.#refuseAll({ code: "closed", message: "The channel was closed." });
    this.#report({ state: "closed" });
    this.#settings.onClose();
  }

  /** @param {PendingRequest} pending */
  #enqueue(pending) {
    const { request } = pending;
    if (this.#refusal) return this.#answer(request, this.#refusal);
    const removed = this.#removed.get(request.connectionId);
    if (removed && request.method !== "close") return this.#answer(request, removed);
    if (request.method === "create") this.#creates.set(request.connectionId, pending);
    if (request.method === "close") this.#forget(request.connectionId);
    this.#pending.set(request.requestId, pending);
    if (this.#socket.isOpen) return this.#transmit(pending);
    this.#answerCloses();
    if (this.#socket.isRunning) return;
    this.#isSilent = request.method === "custom";
    this.#socket.keepConnected();
  }

  /** Sends everything again on a new socket. */
  #resume() {
    this.#refusal = null;
    const creates = [...this.#creates.values()];
    const repeated = creates.map((create) => /** @type {const} */ ([idOf(create), create]));
    this.#pending = new Map([...repeated, ...this.#pending]);
    for (const pending of this.#pending.values()) this.#transmit(pending);
  }

  /** @param {PendingRequest} pending */
  #transmit(pending) {
    clearTimeout(pending.timer);
    const isCreate = pending.request.method === "create";
    // A connection that was never open has missed nothing.
    const isRetry = pending.timesSent++ > 0 && (!isCreate || pending.wasOpened);
    this.#socket.send(isRetry ? `{"retry":true,${pending.frame.slice(1)}` : pending.frame);
  }

  /** @param {Answer} answer */
  #receive(answer) {
    if (answer.method === /** @type {string} */ ("changeStream"))
      return this.#receiveEventBulk(answer);
    const error = /** @type {PlainError | undefined} */ (answer.error);
    // Not an answer to a request: another client has just removed the collection.
    if (answer.answerTo === "removed" && error) return this.#end(answer.connectionId, error);
    // A request that was sent twice may be answered twice.
    const pending = this.#pending.get(answer.answerTo);
    if (!pending || (error && this.#recover(pending, error))) return;
    const { request } = pending;
    this.#pending.delete(request.requestId);
    if (!error) this.#socket.resetBackoff();
    if (request.method === "create") {
      if (error && !pending.wasOpened) this.#forget(request.connectionId);
      pending.wasOpened = true;
    }
    if (request.method === "remove") this.#forget(request.connectionId);
    this.#recordComplete();
    if (error && !isAlreadyDone(pending, error)) {
      this.messages$.next(answer);
      if (error.code === "removed") this.#end(request.connectionId, error);
      if (error.code === "events-lost") this.#reportLost(request.connectionId, error);
    } else this.messages$.next(decode({ ...answer, error: undefined }, request));
  }

  /**
   * Recovers from an error if possible. Returns whether the request stays unanswered.
   * @param {PendingRequest} pending
   * @param {PlainError} error
   */
  #recover(pending, { code = "", retryAfterSeconds = 1 }) {
    if (TRANSIENT_CODES.has(code)) {
      clearTimeout(pending.timer);
      const ms = retryAfterSeconds * 1000;
      this.#socket.setRequestedDelay(ms);
      pending.timer = setTimeout(() => this.#transmit(pending), ms);
      return true;
    }
    const create = this.#creates.get(pending.request.connectionId);
    const isRecoverable = code === "unauthorized" || (code === "unknown-connection" && create);
    if (!isRecoverable || pending.recoveries++ >= MAX_RECOVERIES) return false;
    if (create && code === "unknown-connection") {
      if (create !== pending) this.#pending.set(idOf(create), create);
      for (const next of new Set([create, pending])) this.#transmit(next);
    } else {
      this.#socket.renewSession();
    }
    return true;
  }

  /**
   * The id of a bulk is `<epoch>-<number>`. The epoch is the module's, the number grows with each bulk.
   * @param {Answer} answer
   */
  #receiveEventBulk(answer) {
    const { connectionId } = answer;
    const bulk = typeof answer.return === "string" ? JSON.parse(answer.return) : answer.return;
    const at = bulk.id.lastIndexOf("-");
    const [epoch, number] = [bulk.id.slice(0, at), Number(bulk.id.slice(at + 1))];
    if (epoch !== this.#newest.epoch) this.#lastNumbers.clear();
    if (epoch !== this.#newest.epoch || number > this.#newest.number)
      this.#newest = { epoch, number };
    const isOurs = this.#creates.has(connectionId);
    if (!isOurs || number <= (this.#lastNumbers.get(connectionId) ?? -1)) return;
    this.#lastNumbers.set(connectionId, number);
    this.messages$.next({ ...answer, return: bulk });
  }

  /**
   * A bulk arrives once for each connection. As soon as something else has arrived after it, and no
   * `create` is unanswered, all connections have it.
   */
  #recordComplete() {
    const isReplaying = [...this.#creates.values()].some((one) => this.#pending.has(idOf(one)));
    const { epoch, number } = this.#newest;
    if (epoch && !isReplaying) this.#completeUpTo = `${epoch}-${number}`;
  }

  /**
   * Ends a connection whose collection was removed. All its requests are refused, as the server does
   * as long as it remembers: to create the connection again would create the collection again, empty.
   * @param {string} connectionId
   * @param {PlainError} error
   */
  #end(connectionId, error) {
    if (!this.#creates.delete(connectionId)) return;
    this.#removed.set(connectionId, toPlainError(error));
    for (const pending of [...this.#pending.values()]) {
      const { request } = pending;
      if (request.connectionId !== connectionId || request.method === "close") continue;
      clearTimeout(pending.timer);
      this.#pending.delete(request.requestId);
      this.#answer(request, isAlreadyDone(pending, error) ? undefined : toPlainError(error));
    }
    this.#reportLost(connectionId, error);
  }

  /**
   * Reports, once, that the app has to open the collection again.
   * @param {string} connectionId
   * @param {PlainError} error
   */
  #reportLost(connectionId, error) {
    if (this.#reportedLost.has(connectionId)) return;
    this.#reportedLost.add(connectionId);
    this.#report({ state: "lost", error: toPlainError(error) });
  }

  /** @param {string} connectionId */
  #forget(connectionId) {
    for (const connections of [this.#creates, this.#removed, this.#reportedLost, this.#lastNumbers])
      connections.delete(connectionId);
  }

  /** Closing a collection does not wait for the network; the server is told when there is one. */
  #answerCloses() {
    for (const { request } of this.#pending.values())
      if (request.method === "close") this.#answer(request);
  }

  /**
   * Refuses all pending requests, and those that follow.
   * @param {PlainError} refusal
   */
  #refuseAll(refusal) {
    this.#refusal = refusal;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { request, wasOpened, timer } of pending) {
      clearTimeout(timer);
      if (request.method === "create" && !wasOpened) this.#forget(request.connectionId);
      this.#answer(request, refusal);
    }
  }

  /**
   * @param {Request} request
   * @param {PlainError} [refusal]
   */
  #answer({ connectionId, requestId, method }, refusal) {
    const error = /** @type {Answer["error"]} */ (
      refusal && method !== "close" ? { name: "SatchelError", ...refusal } : undefined
    );
    this.messages$.next({ connectionId, answerTo: requestId, method, error, return: null });
  }

  /** @param {Status} status */
  #report(status) {
    if (!this.#isSilent) this.#settings.onStatus?.(status);
  }
}

/** @param {PendingRequest} pending */
const idOf = ({ request }) => request.requestId;

/**
 * Whether an error means that what the request wanted is done: the connection or collection is gone.
 * @param {PendingRequest} pending
 * @param {PlainError} error
 */
const isAlreadyDone = ({ request, timesSent }, { code = "" }) =>
  request.method === "close" ||
  (request.method === "remove" &&
    timesSent > 1 &&
    ["removed", "unknown-connection"].includes(code));
