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

/** How often a failed sync is repeated before it waits for the next change, or for the stretched interval. */
const MAX_REPEATS = 8;

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
  /** Ends the waiting for a sync that has failed. @type {(error: unknown) => void} */
  #failSync = () => {};
  /** Whether there was an error since a sync was done. */
  #hasFailed = false;
  /** How often the sync was repeated since one succeeded, or a change was announced. */
  #repeats = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #repeatTimer;
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
    this.#remoteStorage.on("error", this.#handleError);
    this.#remoteStorage.on("sync-done", this.#handleSyncDone);
    globalThis.document?.addEventListener("visibilitychange", this.#reconsider);
    globalThis.addEventListener?.("online", this.#reconsider);
    globalThis.addEventListener?.("offline", this.#reconsider);
    this.#reconsider();
  }

  stop() {
    this.#isEnded = true;
    this.#remoteStorage.removeEventListener("connected", this.#reconsider);
    this.#remoteStorage.removeEventListener("disconnected", this.#forget);
    this.#remoteStorage.removeEventListener("error", this.#handleError);
    this.#remoteStorage.removeEventListener("sync-done", this.#handleSyncDone);
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
    this.#changed.clear();
    this.#close();
    this.#failSync(new Error("The account was disconnected."));
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
    for (const { path, ETag } of folders) {
      this.#versions.set(path, ETag);
      this.#changed.add(path);
    }
    // The first answer names the folders that may have changed since the app has synced. Something else may have
    // failed meanwhile, so it is followed by a sync even if it names none.
    this.#repeats = 0;
    this.#sync();
  }

  /** Syncs what has changed; what changes meanwhile, after that. */
  async #sync() {
    this.#cancelRepeat();
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    let isSynced = true;
    do isSynced = await this.#syncFolders();
    while (isSynced && this.#changed.size > 0);
    this.#isSyncing = false;
  }

  /** Syncs the folders that have changed, and what has changed in them. Returns whether their listings have arrived. */
  async #syncFolders() {
    const paths = [...this.#changed];
    this.#changed.clear();
    // The library reports a failed request by an event, and leaves the listing pending.
    const failure = new Promise((_, reject) => {
      this.#failSync = reject;
    });
    // `startSync` alone asks only for folders that were not asked for during the interval.
    const listings = paths.map((path) => this.#remoteStorage.scope(path).getListing("", 0));
    try {
      await Promise.race([Promise.all([...listings, this.#remoteStorage.startSync()]), failure]);
      return true;
    } catch (error) {
      for (const path of paths) this.#changed.add(path);
      this.#repeatLater(error);
      return false;
    }
  }

  /** @param {unknown} error */
  #handleError = (error) => {
    this.#hasFailed = true;
    if (this.#isSyncing) this.#failSync(error);
    else this.#repeatLater(error);
  };

  #handleSyncDone = () => {
    if (!this.#hasFailed) this.#repeats = 0;
    this.#hasFailed = false;
  };

  /**
   * Repeats a failed sync after a while that grows with each failure: the library itself would wait for the
   * stretched interval. Without a socket its own interval applies.
   * @param {unknown} error
   */
  #repeatLater(error) {
    const isFinal = error instanceof Error && error.name === "Unauthorized";
    if (isFinal || this.#intervals === null || this.#repeatTimer !== undefined) return;
    if (this.#repeats >= MAX_REPEATS) return;
    const ms = FIRST_RETRY_MS * 2 ** this.#repeats++ * (0.5 + Math.random());
    this.#repeatTimer = setTimeout(() => this.#sync(), ms);
  }

  #cancelRepeat() {
    clearTimeout(this.#repeatTimer);
    this.#repeatTimer = undefined;
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
    this.#cancelRepeat();
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
