/**
 * A WebSocket that reconnects. Each socket is opened in a session, checked for life by pings, and
 * replaced when it closes, after a delay that grows with each failure.
 */

import { openSession, SatchelError, TIMEOUT_MS } from "./http.js";

/**
 * @import { ChannelSettings, Session, Settings, Status } from "./index.js"
 * @typedef {object} Listener
 * @property {(newest: string) => string} resumeAfter returns the id of the last event bulk up to which
 *   none is missing; `newest` is the newest bulk of now, for a listener that has not received any
 * @property {() => void} onOpen a socket was opened
 * @property {(message: any) => void} onMessage
 * @property {() => void} onPong everything that the server had sent before has arrived
 * @property {() => void} onDisconnect a socket has closed, or could not be opened
 * @property {(why: {code: string, message: string}) => void} onRefused the server refuses a session
 * @property {(status: Status) => void} onStatus
 */

/** The server is down, or the network is. */
const UNREACHABLE = { code: "unreachable", message: "The server cannot be reached." };

export class ReconnectingSocket {
  #resolveSettings;
  #settings;
  #listener;
  #closing = new AbortController();
  /** @type {Session | null} */
  #session = null;
  /** The secret of the last session, to resume it with another token. @type {string | undefined} */
  #sessionSecret;
  /** The socket that is open. @type {WebSocket | null} */
  #socket = null;
  #isRunning = false;
  /** Whether the server refused the last session. */
  #isRefused = false;
  #failures = 0;
  /** How long the server asks to wait before the next try. */
  #requestedDelayMs = 0;
  /** Why there is no socket. @type {{code: string, message: string}} */
  #lastError = UNREACHABLE;
  /** Ends the current delay, or the current socket. */
  #disconnect = () => {};
  /** Called when the network is back: ends a delay, or checks whether the socket is alive. */
  #wake = () => {};

  /**
   * @param {() => Promise<Settings>} resolveSettings
   * @param {ChannelSettings} settings
   * @param {Listener} listener
   */
  constructor(resolveSettings, settings, listener) {
    this.#resolveSettings = resolveSettings;
    this.#settings = { minPauseMs: 100, maxPauseMs: 30_000, heartbeatMs: 15_000, ...settings };
    this.#listener = listener;
    const { signal } = this.#closing;
    globalThis.addEventListener?.("online", () => this.#wake(), { signal });
  }

  get isRunning() {
    return this.#isRunning;
  }

  get isOpen() {
    return this.#socket !== null;
  }

  get isClosed() {
    return this.#closing.signal.aborted;
  }

  /** @param {string} text */
  send(text) {
    this.#socket?.send(text);
  }

  /** Reconnects with a new session: the current one is no longer valid. */
  renewSession() {
    this.#session = null;
    this.#disconnect();
  }

  /** Should the socket close, waits at least as long as the server asks. @param {number} ms */
  setRequestedDelay(ms) {
    this.#requestedDelayMs = ms;
  }

  /** The server answers requests: the next delay is short again. */
  resetBackoff() {
    this.#failures = this.#requestedDelayMs = 0;
  }

  close() {
    this.#closing.abort();
    this.#disconnect();
  }

  /** Connects and reconnects until `close`. */
  async keepConnected() {
    this.#isRunning = true;
    while (!this.isClosed) {
      try {
        this.#lastError = UNREACHABLE;
        const code = await this.#listenUntilClosed(await this.#connect());
        // 44xx: the grant or the session is no longer valid.
        if (code >= 4400 && code < 4500) this.#session = null;
      } catch (error) {
        this.#handleFailure(error);
      }
      this.#listener.onDisconnect();
      if (!this.isClosed) await this.#delay();
    }
  }

  /** @param {unknown} error */
  #handleFailure(error) {
    const why = toPlainError(error);
    if (!(error instanceof SatchelError)) {
      this.#lastError = { ...UNREACHABLE, message: `${UNREACHABLE.message} (${why.message})` };
    } else if (error.passes) {
      this.#lastError = why;
      this.#requestedDelayMs = error.waitSeconds * 1000;
    } else if (!this.isClosed) {
      this.#session = null;
      this.#isRefused = true;
      this.#listener.onRefused(why);
      this.#listener.onStatus({ state: "refused", error: why });
      this.#requestedDelayMs = this.#settings.maxPauseMs;
    }
  }

  /** @returns {Promise<WebSocket>} */
  async #connect() {
    if (!this.#isRefused) this.#listener.onStatus({ state: "connecting" });
    const { signal } = this.#closing;
    if (this.#session?.expiresAt && this.#session.expiresAt <= Date.now()) this.#session = null;
    this.#session ??= await openSession(await this.#resolveSettings(), this.#sessionSecret, signal);
    signal.throwIfAborted();
    this.#sessionSecret = this.#session.session;
    const url = new URL(this.#session.url);
    const after = this.#listener.resumeAfter(this.#session.after);
    if (after) url.searchParams.set("after", after);
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        discard(socket);
        reject(new Error("The socket did not open."));
      };
      const timer = setTimeout(fail, TIMEOUT_MS);
      this.#disconnect = socket.onclose = socket.onerror = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        resolve(socket);
      };
    });
  }

  /**
   * @param {WebSocket} socket
   * @returns {Promise<number>} the close code
   */
  #listenUntilClosed(socket) {
    return new Promise((resolve) => {
      let isAlive = true;
      const ping = () => {
        // A half-open socket: nothing has arrived since the last ping.
        if (!isAlive) return end();
        isAlive = false;
        socket.send("ping");
      };
      const heartbeat = setInterval(ping, this.#settings.heartbeatMs);
      const end = (code = 1006) => {
        clearInterval(heartbeat);
        discard(socket);
        this.#socket = null;
        this.#disconnect = this.#wake = () => {};
        resolve(code);
      };
      socket.onerror = () => {};
      socket.onclose = ({ code }) => end(code);
      socket.onmessage = ({ data }) => {
        isAlive = true;
        if (data === "pong") this.#listener.onPong();
        else this.#listener.onMessage(JSON.parse(data));
      };
      this.#disconnect = end;
      this.#wake = ping;
      this.#socket = socket;
      this.#isRefused = false;
      // The network works. Whether the server answers requests is not known yet: see `resetBackoff`.
      this.#failures = Math.min(this.#failures, 2);
      this.#listener.onStatus({ state: "live" });
      this.#listener.onOpen();
    });
  }

  /** Exponential backoff with jitter, so that not all clients come back at once. */
  #delay() {
    const { minPauseMs, maxPauseMs } = this.#settings;
    const longestMs = Math.min(minPauseMs * 2 ** this.#failures++, maxPauseMs);
    const retryInMs = Math.max(this.#requestedDelayMs, longestMs * (0.5 + Math.random() / 2));
    this.#requestedDelayMs = 0;
    if (!this.#isRefused) {
      this.#listener.onStatus({ state: "waiting", retryInMs, error: this.#lastError });
    }
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(end, retryInMs);
        this.#disconnect = this.#wake = end;
      })
    );
  }
}

/** An error as RxDB and `onStatus` get it. @param {unknown} error */
export function toPlainError(error) {
  const { code = "failed", message } = /** @type {{code?: string, message: string}} */ (error);
  return { code, message };
}

/** Closes a socket and ignores whatever still happens on it. @param {WebSocket} socket */
function discard(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = () => {};
  socket.close();
}
