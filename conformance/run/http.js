/** Sends requests, and tells a fault of the network, a slow answer and a rate limit from an answer. */

import { Answer } from "./answer.js";
import { Undecided } from "./outcomes.js";

/** As long as remotestorage.js waits for an answer, uploads included. */
const TIME_LIMIT_MS = 30_000;

/** How long a request waits in all because the provider asks for it (429, or 503 with Retry-After). */
const MAX_WAIT_MS = 120_000;

/** The pause after a 429 without Retry-After. */
const DEFAULT_WAIT_MS = 2_000;

/** Of a proxy that does not reach the provider, or a provider that is too busy. */
const UNAVAILABLE = new Set([502, 503, 504]);

/**
 * @typedef {object} HttpOptions
 * @property {(request: Request, init: {signal: AbortSignal}) => Promise<Response>} [fetch] the
 *   platform's by default; the signal says that the time is over
 * @property {number} [timeLimitMs]
 * @property {number} [probeLimitMs] how long the answer may take when a provider that gave none is asked whether
 *   it still answers; `timeLimitMs` by default
 * @property {number} [maxWaitMs]
 * @property {(ms: number) => Promise<void>} [wait]
 * @property {(answer: Answer) => void} [onAnswer] called with each answer, refused ones included
 *
 * @typedef {object} RequestOptions
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string | Uint8Array | null} [body]
 * @property {boolean} [isStreamed] sends the body in chunks, without a Content-Length
 *
 * @typedef {(url: string, options?: RequestOptions) => Promise<Answer>} Send
 */

/**
 * Returns a function that sends one request. Redirects are not followed. It throws `Undecided` if there is
 * no complete answer, or if the provider asks to wait for too long; any other answer is returned.
 * @param {HttpOptions} [options]
 * @returns {Send}
 */
export function createHttp({
  fetch = (request, init) => globalThis.fetch(request, init),
  timeLimitMs = TIME_LIMIT_MS,
  maxWaitMs = MAX_WAIT_MS,
  wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  onAnswer = () => {},
} = {}) {
  return async (url, options = {}) => {
    for (let waitedMs = 0; ; ) {
      const answer = await sendOnce(fetch, timeLimitMs, url, options);
      onAnswer(answer);
      const waitMs = requestedWaitMs(answer);
      if (waitMs === null) return answer;
      if (waitedMs + waitMs > maxWaitMs) throw busy(answer, waitMs);
      await wait(waitMs);
      waitedMs += waitMs;
    }
  };
}

/**
 * @param {NonNullable<HttpOptions["fetch"]>} fetch
 * @param {number} timeLimitMs
 * @param {string} url
 * @param {RequestOptions} options
 */
async function sendOnce(fetch, timeLimitMs, url, options) {
  const { method = "GET", headers = {}, body = null, isStreamed = false } = options;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeLimitMs);
  const request = new Request(url, {
    method,
    headers,
    redirect: "manual",
    ...(bytes === null ? {} : bodyInit(bytes, isStreamed)),
  });
  const sent = { method, url, headers: new Headers(headers), body: bytes, isStreamed };
  try {
    // Not a part of the request, which would make a signal of its own that follows this: a quarter of a run's time.
    const response = await fetch(request, { signal: controller.signal });
    const content = new Uint8Array(await response.arrayBuffer());
    return new Answer(sent, response.status, response.headers, content);
  } catch (error) {
    const { pathname } = new URL(url);
    if (controller.signal.aborted) {
      const seconds = Math.round(timeLimitMs / 1000);
      throw new Undecided("slow", `${method} ${pathname} had no answer within ${seconds} s.`);
    }
    throw new Undecided("network", `${method} ${pathname}: ${describeError(error)}.`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {boolean} isStreamed
 * @returns {RequestInit}
 */
function bodyInit(bytes, isStreamed) {
  if (!isStreamed) return { body: /** @type {Uint8Array<ArrayBuffer>} */ (bytes) };
  const half = Math.ceil(bytes.length / 2);
  const body = new ReadableStream({
    type: "bytes",
    start(controller) {
      for (const chunk of [bytes.slice(0, half), bytes.slice(half)]) {
        if (chunk.length > 0) controller.enqueue(chunk);
      }
      controller.close();
    },
  });
  return /** @type {RequestInit} */ ({ body, duplex: "half" });
}

/**
 * How long the provider asks to wait; null if it does not. A 503 without Retry-After is an answer.
 * @param {Answer} answer
 */
function requestedWaitMs({ status, headers }) {
  const value = headers.get("retry-after");
  if (status !== 429 && !(UNAVAILABLE.has(status) && value !== null)) return null;
  if (value === null) return DEFAULT_WAIT_MS;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? DEFAULT_WAIT_MS : Math.max(1000, seconds * 1000);
}

/**
 * @param {Answer} answer
 * @param {number} waitMs
 */
function busy({ status, asked }, waitMs) {
  const reason = status === 429 ? "rate-limited" : "unavailable";
  const seconds = Math.ceil(waitMs / 1000);
  return new Undecided(reason, `${asked}: ${status}, and the wait of ${seconds} s is too long.`);
}

/**
 * Throws `Undecided` for an answer that is probably not the provider's own.
 * @param {Answer} answer
 */
export function refuseUnavailable({ status, asked }) {
  if (UNAVAILABLE.has(status)) throw new Undecided("unavailable", `${asked}: ${status}.`);
}

/** @param {unknown} error */
function describeError(error) {
  const cause = error instanceof Error ? /** @type {any} */ (error.cause) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return cause?.code ?? cause?.message ?? message;
}
