/**
 * One message channel of RxDB, over a line whose sockets may come and go. Whatever was asked is
 * answered, in the order of asking, and every change comes once: on a new socket all connections are
 * created again, then the unanswered requests are repeated, and the server is told up to which change
 * everything has arrived.
 */

import { Subject } from "rxjs";
import { decode, encode } from "./attachments.js";
import { Line, plain } from "./line.js";

/**
 * @import { Answer, ChannelSettings, Request, Settings, Status } from "./index.js"
 * @typedef {{code?: string, message: string, retryAfterSeconds?: number}} Complaint
 * @typedef {object} Errand a request that is under way
 * @property {Request} request
 * @property {string} text of its frame
 * @property {number} sent how often
 * @property {number} troubles how often something had to be mended for it
 * @property {boolean} [isOpen] of a create: it was answered once
 * @property {ReturnType<typeof setTimeout>} [timer] until it is sent again
 */

/** Errors that nobody has to be told: another try may go better, and does nothing twice. */
const PASSING = new Set(["too-many-requests", "unavailable", "unknown-outcome"]);

/** How often something is mended for the same request before RxDB is told. */
const MOST_TROUBLES = 3;

export class Channel {
  /** @type {Subject<Answer>} */
  messages$ = new Subject();
  #settings;
  #line;
  /** Requests are encoded one after the other, although Blobs take a while. */
  #encoding = Promise.resolve();
  /** What is not answered, by the request's id, in the order of asking. @type {Map<string, Errand>} */
  #errands = new Map();
  /** How each connection was created. @type {Map<string, Errand>} */
  #creates = new Map();
  /** What is said of those whose collection was removed. @type {Map<string, Complaint>} */
  #removed = new Map();
  /** Those of which `lost` was told. @type {Set<string>} */
  #lost = new Set();
  /** Number of the last change that each connection has got. @type {Map<string, number>} */
  #seen = new Map();
  /** The newest change that came, and the last one up to which no connection misses any. */
  #newest = { object: "", number: -1 };
  #after = "";
  /** Why the server will have nothing to do with us. @type {Complaint | null} */
  #refusal = null;
  /** `customRequest` has a channel for itself, of which nobody wants to hear. */
  #isQuiet = false;

  /**
   * @param {() => Promise<Settings>} settle
   * @param {ChannelSettings} settings
   */
  constructor(settle, settings) {
    this.#settings = settings;
    this.#line = new Line(settle, settings, {
      // What comes after this is missed, as long as nothing has come.
      since: (newest) => (this.#after ||= newest),
      opened: () => this.#resume(),
      receive: (answer) => this.#receive(answer),
      idle: () => this.#noteWhole(),
      gone: () => this.#releaseClosing(),
      refused: (why) => this.#refuse(why),
      tell: (status) => this.#tell(status),
    });
  }

  /** @param {Request} request */
  send(request) {
    this.#encoding = this.#encoding.then(async () => {
      try {
        this.#take({ request, text: await encode(request), sent: 0, troubles: 0 });
      } catch (error) {
        this.#answer(request, plain(error));
      }
    });
  }

  /** Whatever is asked afterwards is answered, too: RxDB may still close a collection or two. */
  async close() {
    if (this.#line.isClosed) return;
    this.#line.close();
    this.#refuse({ code: "closed", message: "The channel was closed." });
    this.#tell({ state: "closed" });
    this.#settings.onClose();
  }

  /** @param {Errand} errand */
  #take(errand) {
    const { request } = errand;
    if (this.#refusal) return this.#answer(request, this.#refusal);
    const removed = this.#removed.get(request.connectionId);
    if (removed && request.method !== "close") return this.#answer(request, removed);
    if (request.method === "create") this.#creates.set(request.connectionId, errand);
    if (request.method === "close") this.#forget(request.connectionId);
    this.#errands.set(request.requestId, errand);
    if (this.#line.isOpen) return this.#transmit(errand);
    this.#releaseClosing();
    if (this.#line.isRunning) return;
    this.#isQuiet = request.method === "custom";
    this.#line.keepConnected();
  }

  /** There is a new socket, on which nothing was said yet. */
  #resume() {
    this.#refusal = null;
    const creates = [...this.#creates.values()];
    const repeated = creates.map((errand) => /** @type {const} */ ([idOf(errand), errand]));
    this.#errands = new Map([...repeated, ...this.#errands]);
    for (const errand of this.#errands.values()) this.#transmit(errand);
  }

  /** @param {Errand} errand */
  #transmit(errand) {
    clearTimeout(errand.timer);
    const isCreate = errand.request.method === "create";
    // A connection that was never open has missed nothing.
    const isRetry = errand.sent++ > 0 && (!isCreate || errand.isOpen);
    this.#line.send(isRetry ? `{"retry":true,${errand.text.slice(1)}` : errand.text);
  }

  /** @param {Answer} answer */
  #receive(answer) {
    if (answer.method === /** @type {string} */ ("changeStream"))
      return this.#receiveChange(answer);
    const error = /** @type {Complaint | undefined} */ (answer.error);
    // Unasked: somebody else has removed the collection just now.
    if (answer.answerTo === "removed" && error) return this.#end(answer.connectionId, error);
    // Unknown: one that was sent twice was answered twice.
    const errand = this.#errands.get(answer.answerTo);
    if (!errand || (error && this.#mends(errand, error))) return;
    const { request } = errand;
    this.#errands.delete(request.requestId);
    if (!error) this.#line.calm();
    if (request.method === "create") {
      if (error && !errand.isOpen) this.#forget(request.connectionId);
      errand.isOpen = true;
    }
    if (request.method === "remove") this.#forget(request.connectionId);
    this.#noteWhole();
    if (error && !isGone(errand, error)) {
      this.messages$.next(answer);
      if (error.code === "removed") this.#end(request.connectionId, error);
      if (error.code === "events-lost") this.#lose(request.connectionId, error);
    } else this.messages$.next(decode({ ...answer, error: undefined }, request));
  }

  /**
   * Does what an error asks for, if that is possible: then nobody is told of it.
   * @param {Errand} errand
   * @param {Complaint} error
   */
  #mends(errand, { code = "", retryAfterSeconds = 1 }) {
    if (PASSING.has(code)) {
      clearTimeout(errand.timer);
      const ms = retryAfterSeconds * 1000;
      this.#line.rest(ms);
      errand.timer = setTimeout(() => this.#transmit(errand), ms);
      return true;
    }
    const create = this.#creates.get(errand.request.connectionId);
    const isMendable = code === "unauthorized" || (code === "unknown-connection" && create);
    if (!isMendable || errand.troubles++ >= MOST_TROUBLES) return false;
    if (create && code === "unknown-connection") {
      if (create !== errand) this.#errands.set(idOf(create), create);
      for (const next of new Set([create, errand])) this.#transmit(next);
    } else {
      this.#line.renew();
    }
    return true;
  }

  /**
   * A bulk of events. Its id is `<object>-<number>`, the number increasing within the module.
   * @param {Answer} answer
   */
  #receiveChange(answer) {
    const { connectionId } = answer;
    const bulk = typeof answer.return === "string" ? JSON.parse(answer.return) : answer.return;
    const at = bulk.id.lastIndexOf("-");
    const [object, number] = [bulk.id.slice(0, at), Number(bulk.id.slice(at + 1))];
    if (object !== this.#newest.object) this.#seen.clear();
    if (object !== this.#newest.object || number > this.#newest.number)
      this.#newest = { object, number };
    const isOurs = this.#creates.has(connectionId);
    if (!isOurs || number <= (this.#seen.get(connectionId) ?? -1)) return;
    this.#seen.set(connectionId, number);
    this.messages$.next({ ...answer, return: bulk });
  }

  /**
   * A bulk comes once for each connection. When something else has come after it, and nobody is
   * catching up, all have it.
   */
  #noteWhole() {
    const isCatchingUp = [...this.#creates.values()].some((one) => this.#errands.has(idOf(one)));
    const { object, number } = this.#newest;
    if (object && !isCatchingUp) this.#after = `${object}-${number}`;
  }

  /**
   * The collection of a connection is no more. Whatever it asks is answered so, as the server does as
   * long as it remembers: to create the connection again would make the collection anew, without
   * what was in it.
   * @param {string} connectionId
   * @param {Complaint} error
   */
  #end(connectionId, error) {
    if (!this.#creates.delete(connectionId)) return;
    this.#removed.set(connectionId, plain(error));
    for (const errand of [...this.#errands.values()]) {
      const { request } = errand;
      if (request.connectionId !== connectionId || request.method === "close") continue;
      clearTimeout(errand.timer);
      this.#errands.delete(request.requestId);
      this.#answer(request, isGone(errand, error) ? undefined : plain(error));
    }
    this.#lose(connectionId, error);
  }

  /**
   * Whoever uses the connection has to open it anew, and is told so once.
   * @param {string} connectionId
   * @param {Complaint} error
   */
  #lose(connectionId, error) {
    if (this.#lost.has(connectionId)) return;
    this.#lost.add(connectionId);
    this.#tell({ state: "lost", error: plain(error) });
  }

  /** @param {string} connectionId */
  #forget(connectionId) {
    for (const known of [this.#creates, this.#removed, this.#lost, this.#seen])
      known.delete(connectionId);
  }

  /** Who closes a collection waits for no network; the server is told when there is one. */
  #releaseClosing() {
    for (const { request } of this.#errands.values())
      if (request.method === "close") this.#answer(request);
  }

  /**
   * Tells everybody who waits that it will not be.
   * @param {Complaint} refusal
   */
  #refuse(refusal) {
    this.#refusal = refusal;
    const errands = [...this.#errands.values()];
    this.#errands.clear();
    for (const { request, isOpen, timer } of errands) {
      clearTimeout(timer);
      if (request.method === "create" && !isOpen) this.#forget(request.connectionId);
      this.#answer(request, refusal);
    }
  }

  /**
   * @param {Request} request
   * @param {Complaint} [refusal]
   */
  #answer({ connectionId, requestId, method }, refusal) {
    const error = /** @type {Answer["error"]} */ (
      refusal && method !== "close" ? { name: "SatchelError", ...refusal } : undefined
    );
    this.messages$.next({ connectionId, answerTo: requestId, method, error, return: null });
  }

  /** @param {Status} status */
  #tell(status) {
    if (!this.#isQuiet) this.#settings.onStatus?.(status);
  }
}

/** @param {Errand} errand */
const idOf = ({ request }) => request.requestId;

/**
 * Whether what is refused is what was wanted: it is not there any more.
 * @param {Errand} errand
 * @param {Complaint} error
 */
const isGone = ({ request, sent }, { code = "" }) =>
  request.method === "close" ||
  (request.method === "remove" && sent > 1 && ["removed", "unknown-connection"].includes(code));
