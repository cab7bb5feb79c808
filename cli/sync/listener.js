/** Is told by the server when a folder of the storage has changed: docs/live.md specifies the protocol. */

import { setTimeout as pause } from "node:timers/promises";
import { isLoopback } from "../../transfer/discover.js";
import { TransferError } from "../../transfer/requests.js";
import { isRefusal } from "../lib/refusal.js";

/** The server takes a socket for dead that is silent for longer than two minutes. */
const HEARTBEAT_MS = 45_000;

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 300_000;

/** Why a socket is given up, of the codes that are free for programs (RFC 6455 §7.4.2). */
const NO_ANSWER = 4000;
/** The token does not cover the folder: another socket would meet the same. */
const NOT_COVERED = 4403;
/** Whether there is another chance, the request for the next socket says: its token may be a fresh one. */
const TRY_AGAIN = 4429;

/**
 * @typedef {object} ListenerOptions
 * @property {string} endpoint
 * @property {string} folder
 * @property {import("../../transfer/storage.js").StorageClient} storage
 * @property {() => string | null} etag of the folder, as it was listed last
 * @property {() => void} onChange
 * @property {(isLive: boolean) => void} onStatus
 * @property {AbortSignal} signal
 */

/**
 * Listens to a folder until the signal, with one socket after another. Ends sooner if the server refuses, or if this
 * release of Node (before 22) has no WebSocket.
 * @param {ListenerOptions} options
 */
export async function listen(options) {
  const isOffered = globalThis.WebSocket !== undefined && isSecure(options.endpoint, options);
  if (!isOffered) return options.onStatus(false);
  for (let retryMs = FIRST_RETRY_MS; !options.signal.aborted; ) {
    const { wasLive, isFinal } = await listenOnce(options);
    if (options.signal.aborted) return;
    options.onStatus(false);
    if (isFinal) return;
    if (wasLive) retryMs = FIRST_RETRY_MS;
    const ms = retryMs * (0.5 + Math.random());
    // The signal ends the pause, and the loop.
    await pause(ms, undefined, { signal: options.signal }).catch(() => {});
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  }
}

/**
 * As for the storage: without encryption only on this computer.
 * @param {string} address
 * @param {ListenerOptions} options
 */
function isSecure(address, { storage }) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol === "wss:") return true;
  const isLocal = isLoopback(new URL(storage.root).hostname);
  return url?.protocol === "ws:" && isLocal && isLoopback(url.hostname);
}

/**
 * Listens with one socket until it ends.
 * @param {ListenerOptions} options
 * @returns {Promise<{wasLive: boolean, isFinal: boolean}>}
 */
async function listenOnce(options) {
  try {
    const url = await requestUrl(options);
    if (url === null) return { wasLive: false, isFinal: true };
    return await useSocket(new WebSocket(url), options);
  } catch (error) {
    if (!isRefusal(error) && !options.signal.aborted) throw error;
    return { wasLive: false, isFinal: false };
  }
}

/**
 * Requests a one-time URL, since this WebSocket cannot send a token; null: the server does not offer it to this token.
 * @param {ListenerOptions} options
 * @returns {Promise<string | null>}
 */
async function requestUrl(options) {
  const { endpoint, storage } = options;
  const { response } = await storage.send(`${endpoint.replace(/^ws/, "http")}/session`, () => ({
    method: "POST",
  }));
  if ([401, 403, 404, 405].includes(response.status)) return null;
  const body = await response.json().catch(() => null);
  if (response.ok && isSecure(body?.url, options)) return body.url;
  throw new TransferError("unavailable", `${endpoint} answered with status ${response.status}.`);
}

/**
 * @param {WebSocket} socket
 * @param {ListenerOptions} options
 * @returns {Promise<{wasLive: boolean, isFinal: boolean}>}
 */
async function useSocket(socket, { folder, etag, onChange, onStatus, signal }) {
  let wasLive = false;
  let isAnswered = false;
  const { promise: ended, resolve: end } = /** @type {PromiseWithResolvers<number>} */ (
    Promise.withResolvers()
  );
  const heartbeat = setInterval(() => {
    if (!isAnswered) return end(NO_ANSWER);
    isAnswered = false;
    socket.send("ping");
  }, HEARTBEAT_MS);
  const onAbort = () => end(1000);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.onopen = () =>
    socket.send(JSON.stringify({ type: "watch", folders: [{ path: folder, ETag: etag() }] }));
  socket.onclose = ({ code }) => end(code);
  socket.onmessage = ({ data }) => {
    isAnswered = true;
    if (data === "pong") return;
    const { type, path, paths = [], folders = [] } = parseMessage(data);
    if (type === "refused") return end(path === undefined ? TRY_AGAIN : NOT_COVERED);
    if (type === "watching" && paths.includes(folder)) {
      wasLive = true;
      onStatus(true);
    }
    if (folders.length > 0) onChange();
  };
  const code = await ended;
  clearInterval(heartbeat);
  signal.removeEventListener("abort", onAbort);
  socket.close();
  return { wasLive, isFinal: code === NOT_COVERED };
}

/** @param {string} text @returns {Record<string, any>} nothing, if it is no message */
function parseMessage(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
