/**
 * The way to the server: one socket after the other. Each is opened by a session, watched, and
 * replaced when it is gone, after a pause that grows.
 */

import { openSession, PATIENCE_MS, Refusal } from "./ask.js";

/**
 * @import { ChannelSettings, Session, Settings, Status } from "./index.js"
 * @typedef {object} User who talks on a line
 * @property {(newest: string) => string} since id of the last change up to which none is missed; of
 *   somebody who has got none yet, the newest one of now
 * @property {() => void} opened there is a socket
 * @property {(message: any) => void} receive
 * @property {() => void} idle everything that was sent has come
 * @property {() => void} gone there is no socket, again or still
 * @property {(why: {code: string, message: string}) => void} refused
 * @property {(status: Status) => void} tell
 */

/** The server, or the network on the way to it, is not there. */
const UNREACHABLE = { code: "unreachable", message: "The server cannot be reached." };

export class Line {
  #settle;
  #settings;
  #user;
  #ending = new AbortController();
  /** @type {Session | null} */
  #session = null;
  /** To go on with it by a fresh token. @type {string | undefined} */
  #sessionKey;
  /** The one that is open. @type {WebSocket | null} */
  #socket = null;
  #isRunning = false;
  /** The server will have nothing to do with us. */
  #isRefused = false;
  #failures = 0;
  #pauseMs = 0;
  /** Why there is no connection. @type {{code: string, message: string}} */
  #trouble = UNREACHABLE;
  /** Ends what goes on: a pause, or a socket. */
  #drop = () => {};
  /** The network is there again: ends a pause, tries whether a socket is alive. */
  #nudge = () => {};

  /**
   * @param {() => Promise<Settings>} settle
   * @param {ChannelSettings} settings
   * @param {User} user
   */
  constructor(settle, settings, user) {
    this.#settle = settle;
    this.#settings = { minPauseMs: 100, maxPauseMs: 30_000, heartbeatMs: 15_000, ...settings };
    this.#user = user;
    const { signal } = this.#ending;
    globalThis.addEventListener?.("online", () => this.#nudge(), { signal });
  }

  get isRunning() {
    return this.#isRunning;
  }

  get isOpen() {
    return this.#socket !== null;
  }

  get isClosed() {
    return this.#ending.signal.aborted;
  }

  /** @param {string} text */
  send(text) {
    this.#socket?.send(text);
  }

  /** Another session, by another token: the one that there is does not stand any more. */
  renew() {
    this.#session = null;
    this.#drop();
  }

  /** What the server asks to wait, should the socket be gone. @param {number} ms */
  rest(ms) {
    this.#pauseMs = ms;
  }

  /** The server does what it is asked: the next pause is a short one. */
  calm() {
    this.#failures = this.#pauseMs = 0;
  }

  close() {
    this.#ending.abort();
    this.#drop();
  }

  /** Until it is closed. */
  async keepConnected() {
    this.#isRunning = true;
    while (!this.isClosed) {
      try {
        this.#trouble = UNREACHABLE;
        const code = await this.#serve(await this.#connect());
        // 44xx: what the session was opened with does not stand any more.
        if (code >= 4400 && code < 4500) this.#session = null;
      } catch (error) {
        this.#note(error);
      }
      this.#user.gone();
      if (!this.isClosed) await this.#pause();
    }
  }

  /** Why there is no socket. @param {unknown} error */
  #note(error) {
    const why = plain(error);
    if (!(error instanceof Refusal)) {
      // No network: that may last.
      this.#trouble = { ...UNREACHABLE, message: `${UNREACHABLE.message} (${why.message})` };
    } else if (error.passes) {
      this.#trouble = why;
      this.#pauseMs = error.waitSeconds * 1000;
    } else if (!this.isClosed) {
      this.#session = null;
      this.#isRefused = true;
      this.#user.refused(why);
      this.#user.tell({ state: "refused", error: why });
      this.#pauseMs = this.#settings.maxPauseMs;
    }
  }

  /** @returns {Promise<WebSocket>} */
  async #connect() {
    if (!this.#isRefused) this.#user.tell({ state: "connecting" });
    const { signal } = this.#ending;
    if (this.#session?.expiresAt && this.#session.expiresAt <= Date.now()) this.#session = null;
    this.#session ??= await openSession(await this.#settle(), this.#sessionKey, signal);
    signal.throwIfAborted();
    this.#sessionKey = this.#session.session;
    const url = new URL(this.#session.url);
    const after = this.#user.since(this.#session.after);
    if (after) url.searchParams.set("after", after);
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        release(socket);
        reject(new Error("The socket did not open."));
      };
      const timer = setTimeout(fail, PATIENCE_MS);
      this.#drop = socket.onclose = socket.onerror = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        resolve(socket);
      };
    });
  }

  /**
   * Until the socket is gone.
   * @param {WebSocket} socket
   * @returns {Promise<number>} the code of its closing
   */
  #serve(socket) {
    return new Promise((resolve) => {
      let isHeard = true;
      const beat = () => {
        // Half open: nobody is there any more, and nobody has said so.
        if (!isHeard) return end();
        isHeard = false;
        socket.send("ping");
      };
      const heart = setInterval(beat, this.#settings.heartbeatMs);
      const end = (code = 1006) => {
        clearInterval(heart);
        release(socket);
        this.#socket = null;
        this.#drop = this.#nudge = () => {};
        resolve(code);
      };
      socket.onerror = () => {};
      socket.onclose = ({ code }) => end(code);
      socket.onmessage = ({ data }) => {
        isHeard = true;
        if (data === "pong") this.#user.idle();
        else this.#user.receive(JSON.parse(data));
      };
      this.#drop = end;
      this.#nudge = beat;
      this.#socket = socket;
      this.#isRefused = false;
      // There is a network; whether the server answers is another question.
      this.#failures = Math.min(this.#failures, 2);
      this.#user.tell({ state: "live" });
      this.#user.opened();
    });
  }

  /** Longer from time to time, and not everybody at once. */
  #pause() {
    const { minPauseMs, maxPauseMs } = this.#settings;
    const most = Math.min(minPauseMs * 2 ** this.#failures++, maxPauseMs);
    const retryInMs = Math.max(this.#pauseMs, most * (0.5 + Math.random() / 2));
    this.#pauseMs = 0;
    if (!this.#isRefused) this.#user.tell({ state: "waiting", retryInMs, error: this.#trouble });
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(end, retryInMs);
        this.#drop = this.#nudge = end;
      })
    );
  }
}

/** An error as it goes to RxDB. @param {unknown} error */
export function plain(error) {
  const { code = "failed", message } = /** @type {{code?: string, message: string}} */ (error);
  return { code, message };
}

/** @param {WebSocket} socket */
function release(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = () => {};
  socket.close();
}
