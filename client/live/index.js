/** Changes arrive at once in apps that use remotestorage.js: docs/live.md specifies the protocol. */

/** @import { Live, LiveOptions, RemoteStorage, Status } from "./index.js" */

/** The property of the storage link that names the endpoint. */
const PROPERTY = "urn:x-satchel:live:1";

/** How often the app asks for changes while the socket tells of them. */
const STRETCHED_INTERVAL_MS = 600_000;

/** The server takes a socket for dead that is silent for longer than two minutes; so does the helper. */
const HEARTBEAT_MS = 45_000;

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;

/** What ended the socket will not be better before the app connects again: RFC 6455 §7.4.2. */
const FINAL_CODES = new Set([4401, 4403]);

/**
 * @param {RemoteStorage} remoteStorage
 * @param {LiveOptions} [options]
 * @returns {Live}
 */
export function live(remoteStorage, options = {}) {
  const connection = new LiveConnection(remoteStorage, options);
  connection.start();
  return connection;
}

/** @implements {Live} */
class LiveConnection {
  /** @type {Status} */
  status = "polling";
  #remoteStorage;
  #options;
  /** @type {WebSocket | null} */
  #socket = null;
  /** The versions that the server has named last, by folder. @type {Map<string, string>} */
  #versions = new Map();
  /** Folders that have changed and are not synced yet. @type {Set<string>} */
  #changed = new Set();
  #isSyncing = false;
  /** The intervals of the app, while they are stretched. @type {[number, number] | null} */
  #intervals = null;
  #retryMs = FIRST_RETRY_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #heartbeat;
  #isAnswered = true;
  /** Counts attempts: what an earlier one brings is ignored. */
  #attempt = 0;
  #isEnded = false;

  /**
   * @param {RemoteStorage} remoteStorage
   * @param {LiveOptions} options
   */
  constructor(remoteStorage, options) {
    this.#remoteStorage = remoteStorage;
    this.#options = options;
  }

  start() {
    this.#remoteStorage.on("connected", this.#reconsider);
    this.#remoteStorage.on("disconnected", this.#forget);
    globalThis.document?.addEventListener("visibilitychange", this.#reconsider);
    globalThis.addEventListener?.("online", this.#reconsider);
    globalThis.addEventListener?.("offline", this.#reconsider);
    this.#reconsider();
  }

  stop() {
    this.#isEnded = true;
    this.#remoteStorage.removeEventListener("connected", this.#reconsider);
    this.#remoteStorage.removeEventListener("disconnected", this.#forget);
    globalThis.document?.removeEventListener("visibilitychange", this.#reconsider);
    globalThis.removeEventListener?.("online", this.#reconsider);
    globalThis.removeEventListener?.("offline", this.#reconsider);
    this.#close();
  }

  /** Opens the socket if it is of use now, and closes it if it is not. */
  #reconsider = () => {
    const isUseful =
      !this.#isEnded &&
      this.#remoteStorage.remote.connected &&
      globalThis.document?.visibilityState !== "hidden" &&
      globalThis.navigator?.onLine !== false;
    this.#retryMs = FIRST_RETRY_MS;
    if (!isUseful) this.#close();
    else if (this.#socket === null) this.#open();
  };

  /** The next account has folders of its own. */
  #forget = () => {
    this.#versions.clear();
    this.#close();
  };

  async #open() {
    clearTimeout(this.#retryTimer);
    const attempt = ++this.#attempt;
    try {
      const url = await this.#requestUrl();
      if (url === null || attempt !== this.#attempt) return;
      const socket = new WebSocket(url);
      this.#socket = socket;
      socket.onopen = () => this.#watch(socket);
      socket.onmessage = ({ data }) => this.#receive(data);
      socket.onclose = ({ code }) => {
        if (socket !== this.#socket) return;
        this.#close();
        if (!FINAL_CODES.has(code)) this.#retryLater();
      };
    } catch {
      if (attempt === this.#attempt) this.#retryLater();
    }
  }

  /** The URL of a socket; null: the server does not offer it, or not to this app. */
  async #requestUrl() {
    const { properties, token } = this.#remoteStorage.remote;
    const endpoint = properties?.[PROPERTY];
    if (typeof endpoint !== "string" || !token) return null;
    const response = await fetch(`${endpoint.replace(/^ws/, "http")}/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    if ([401, 403, 404].includes(response.status)) return null;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()).url;
  }

  /** @param {WebSocket} socket */
  #watch(socket) {
    const folders = watchedFolders(this.#remoteStorage).map((path) => ({
      path,
      ETag: this.#versions.get(path) ?? null,
    }));
    socket.send(JSON.stringify({ type: "watch", folders }));
    this.#isAnswered = true;
    this.#heartbeat = setInterval(() => {
      if (!this.#isAnswered) return socket.close(4000);
      this.#isAnswered = false;
      socket.send("ping");
    }, HEARTBEAT_MS);
  }

  /** @param {string} data */
  #receive(data) {
    this.#isAnswered = true;
    if (data === "pong") return;
    const { type, folders = [] } = JSON.parse(data);
    if (type === "watching") this.#becomeLive();
    if (type !== "watching" && type !== "changed") return;
    for (const { path, ETag } of folders) this.#versions.set(path, ETag);
    // The first answer names all folders: they may have changed since the app has synced.
    this.#sync(folders.map((/** @type {{path: string}} */ { path }) => path));
  }

  /**
   * Syncs these folders, and what has changed in them; others that are told of meanwhile, after that.
   * @param {string[]} folders
   */
  async #sync(folders) {
    for (const path of folders) this.#changed.add(path);
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    while (this.#changed.size > 0) {
      const paths = [...this.#changed];
      this.#changed.clear();
      // `startSync` alone asks only for folders that were not asked for during the interval.
      const listings = paths.map((path) => this.#remoteStorage.scope(path).getListing("", 0));
      // A failed sync is reported by the app's own events.
      await Promise.allSettled([...listings, this.#remoteStorage.startSync()]);
    }
    this.#isSyncing = false;
  }

  #becomeLive() {
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#intervals !== null) return;
    const remoteStorage = this.#remoteStorage;
    this.#intervals = [remoteStorage.getSyncInterval(), remoteStorage.getBackgroundSyncInterval()];
    remoteStorage.setSyncInterval(STRETCHED_INTERVAL_MS);
    remoteStorage.setBackgroundSyncInterval(STRETCHED_INTERVAL_MS);
    this.#report("live");
  }

  #close() {
    this.#attempt++;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#heartbeat);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (this.#intervals === null) return;
    const [foreground, background] = this.#intervals;
    this.#intervals = null;
    this.#remoteStorage.setSyncInterval(foreground);
    this.#remoteStorage.setBackgroundSyncInterval(background);
    this.#report("polling");
    // The timer of the stretched interval is only set anew after a sync.
    if (this.#remoteStorage.remote.connected) this.#remoteStorage.startSync()?.catch(() => {});
  }

  #retryLater() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(this.#retry, this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #retry = () => {
    const retryMs = this.#retryMs;
    this.#reconsider();
    this.#retryMs = retryMs;
  };

  /** @param {Status} status */
  #report(status) {
    this.status = status;
    this.#options.onStatus?.(status);
  }
}

/**
 * The folders of the modules that an app may read.
 * @param {RemoteStorage} remoteStorage
 */
function watchedFolders({ access }) {
  const names = access.scopes.map(({ name }) => name);
  if (names.includes("*")) return ["/"];
  return names.flatMap((name) => [`/${name}/`, `/public/${name}/`]);
}
