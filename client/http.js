/** HTTP requests to the server: JSON in general, and the session that opens a socket. */

/** A server that is up answers sooner. */
export const TIMEOUT_MS = 15_000;

/** Responses that another try may change. */
const TRANSIENT_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A refusal of the server. `passes`: another try may succeed. */
export class SatchelError extends Error {
  name = "SatchelError";
  /**
   * @param {string} code
   * @param {string} message
   * @param {{passes?: boolean, waitSeconds?: number}} [retry]
   */
  constructor(code, message, { passes = false, waitSeconds = 0 } = {}) {
    super(message);
    this.code = code;
    this.passes = passes;
    this.waitSeconds = waitSeconds;
  }
}

/**
 * Fetches JSON. Throws a SatchelError, or what `fetch` throws without a network.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
export async function fetchJson(url, init = {}) {
  const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(init.signal ? [init.signal] : [])];
  const signal = AbortSignal.any(signals);
  const response = await fetch(url, { ...init, signal, credentials: "omit" });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const { status } = response;
  const { error = "unavailable", message = `${new URL(url).host} responded with ${status}.` } =
    body;
  throw new SatchelError(status === 401 ? "unauthorized" : error, message, {
    passes: TRANSIENT_STATUSES.has(status),
    waitSeconds: Number(response.headers.get("Retry-After")) || 0,
  });
}

/**
 * Opens a session for one socket, or resumes an earlier one. The token goes in a header, so that no URL
 * contains it.
 * @param {import("./index.js").Settings} settings
 * @param {string | undefined} session secret of the earlier session
 * @param {AbortSignal} signal
 * @returns {Promise<import("./index.js").Session>}
 */
export async function openSession({ url, token }, session, signal) {
  const open = (/** @type {string} */ bearer) =>
    fetchJson(`${url.replace(/^ws/, "http")}/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      body: JSON.stringify({ session }),
      signal,
    });
  const first = typeof token === "string" ? token : await token();
  try {
    return await open(first);
  } catch (error) {
    const isRefused = error instanceof SatchelError && error.code === "unauthorized";
    if (!isRefused || typeof token === "string") throw error;
    return open(await token(first));
  }
}
