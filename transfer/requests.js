/** Requests to any server: repeated while another try may help, and refused with a code and a sentence. */

import { readBytes } from "./streams.js";

/** Responses that another try may change. */
const TRANSIENT_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

const MAX_ATTEMPTS = 6;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

/** A server that asks to wait longer is not waited for. */
const MAX_RETRY_AFTER_SECONDS = 600;

const MAX_REDIRECTS = 5;

/** A refusal, by a server or by a check of ours. */
export class TransferError extends Error {
  name = "TransferError";
  /**
   * @param {string} code
   * @param {string} message
   * @param {{status?: number | undefined, isRepeated?: boolean, cause?: unknown}} [details] `isRepeated`:
   *   an earlier attempt may have had an effect
   */
  constructor(code, message, { status, isRepeated = false, cause } = {}) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.isRepeated = isRepeated;
  }
}

/** @typedef {(url: string, init: RequestInit) => Promise<Response>} Fetch */

/**
 * What requests need of their surroundings.
 * @typedef {object} Network
 * @property {Fetch} [fetch]
 * @property {(ms: number) => Promise<void>} [sleep]
 * @property {AbortSignal} [signal] stops requests, and pauses between them
 * @property {number} [maxReads] how often an answer is asked for whose connection breaks before its end; three times
 * @property {(wait: {url: string, ms: number, reason: string}) => void} [onWait] is told of each pause
 */

/**
 * Sends a request until it is answered with something other than a transient refusal, at most six
 * times: after growing pauses, or the one that `Retry-After` asks for. Returns the last response, also
 * if it is a refusal. Throws `unreachable` if there is none.
 * @param {string} url
 * @param {() => RequestInit | Promise<RequestInit>} init is called for each attempt, since a stream can be sent only once
 * @param {Network} network
 * @returns {Promise<{response: Response, isRepeated: boolean}>} `isRepeated`: an earlier attempt may
 *   have had an effect
 */
export async function fetchWithRetry(url, init, network) {
  const { fetch = globalThis.fetch, sleep = pause, signal, onWait } = network;
  let isRepeated = false;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    /** @type {Response | undefined} */
    let response;
    /** @type {unknown} */
    let failure;
    try {
      response = await fetch(url, { ...(await init()), ...(signal ? { signal } : {}) });
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
      // The body that was sent has failed, which another attempt would not change.
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      if (cause instanceof TransferError) throw cause;
    }
    if (response && !TRANSIENT_STATUSES.has(response.status)) return { response, isRepeated };
    const seconds = response ? retryAfterSeconds(response) : 0;
    if (attempt === MAX_ATTEMPTS || seconds > MAX_RETRY_AFTER_SECONDS) {
      if (response) return { response, isRepeated };
      const { host } = new URL(url);
      throw new TransferError("unreachable", `${host} cannot be reached: ${reasonOf(failure)}.`, {
        isRepeated,
        cause: failure,
      });
    }
    // 429 is refused before anything is done; of all others nobody knows.
    if (response?.status !== 429) isRepeated = true;
    await response?.body?.cancel().catch(() => {});
    const backoff = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    const ms = Math.max(seconds * 1000, backoff * (0.5 + Math.random() / 2));
    const reason = response ? `status ${response.status}` : reasonOf(failure);
    onWait?.({ url, ms, reason });
    await pauseUnlessAborted(ms, sleep, signal);
  }
}

/**
 * Fetches JSON, at most `maxBytes` of it. Follows redirects one by one, so that each address is
 * checked; where the platform hides them (browsers), it follows them itself.
 * @param {string} url
 * @param {{checkUrl: (url: URL) => void, maxBytes: number, headers?: Record<string, string>}} options
 *   `checkUrl` throws if an address must not be requested
 * @param {Network} network
 * @returns {Promise<{response: Response, body: unknown}>} `body` is null if it is no JSON
 */
export async function fetchJson(url, { checkUrl, maxBytes, headers = {} }, network) {
  let next = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    checkUrl(next);
    const request = { headers: { Accept: "application/json", ...headers } };
    let { response } = await fetchWithRetry(
      next.href,
      () => ({ ...request, redirect: "manual" }),
      network,
    );
    if (response.type === "opaqueredirect") {
      ({ response } = await fetchWithRetry(next.href, () => request, network));
    }
    const location = response.headers.get("Location");
    if (response.status < 300 || response.status >= 400 || location === null) {
      return { response, body: await readJson(response, maxBytes) };
    }
    await response.body?.cancel();
    if (!URL.canParse(location, next)) break;
    next = new URL(location, next);
  }
  throw new TransferError("redirects", `${new URL(url).host} redirects too often.`);
}

/**
 * @param {Response} response
 * @param {number} maxBytes
 */
async function readJson(response, maxBytes) {
  const bytes = await readBytes(response.body, maxBytes);
  try {
    return /** @type {unknown} */ (JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

/** Seconds that a response asks to wait: RFC 9110 §10.2.3. @param {Response} response */
function retryAfterSeconds(response) {
  const value = response.headers.get("Retry-After") ?? "";
  if (/^\d+$/.test(value)) return Number(value);
  const time = Date.parse(value);
  return Number.isNaN(time) ? 0 : Math.max(0, (time - Date.now()) / 1000);
}

/** @param {unknown} error */
function reasonOf(error) {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** @param {number} ms @returns {Promise<void>} */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {number} ms
 * @param {(ms: number) => Promise<void>} sleep
 * @param {AbortSignal | undefined} signal
 */
async function pauseUnlessAborted(ms, sleep, signal) {
  // The signal may live as long as thousands of pauses.
  const end = new AbortController();
  const aborted = new Promise((_, reject) => {
    const options = { once: true, signal: end.signal };
    signal?.addEventListener("abort", () => reject(signal.reason), options);
  });
  try {
    await Promise.race([sleep(ms), aborted]);
  } finally {
    end.abort();
  }
}
