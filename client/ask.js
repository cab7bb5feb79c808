/** Questions to the server that are no frames: WebFinger, and a session for a socket. */

/** No server that is there takes so long. */
export const PATIENCE_MS = 15_000;

/** These may pass by waiting: nobody has to be told. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** A "no" of the server. One that `passes` is a "not now". */
export class Refusal extends Error {
  name = "SatchelError";
  /**
   * @param {string} code
   * @param {string} message
   * @param {{passes?: boolean, waitSeconds?: number}} [how]
   */
  constructor(code, message, { passes = false, waitSeconds = 0 } = {}) {
    super(message);
    this.code = code;
    this.passes = passes;
    this.waitSeconds = waitSeconds;
  }
}

/**
 * Asks for JSON. Throws a Refusal, or what fetch throws without a network.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
export async function ask(url, init = {}) {
  const signals = [AbortSignal.timeout(PATIENCE_MS), ...(init.signal ? [init.signal] : [])];
  const signal = AbortSignal.any(signals);
  const response = await fetch(url, { ...init, signal, credentials: "omit" });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const { error = "unavailable", message = `${new URL(url).host} said ${response.status}.` } =
    answer;
  const passes = PASSING.has(response.status);
  throw new Refusal(response.status === 401 ? "unauthorized" : error, message, {
    passes,
    waitSeconds: Number(response.headers.get("Retry-After")) || 0,
  });
}

/**
 * A session for one socket: carries the token in a header, so that it stands in no URL. The one of
 * before is continued.
 * @param {import("./index.js").Settings} settings
 * @param {string | undefined} session
 * @param {AbortSignal} signal
 * @returns {Promise<import("./index.js").Session>}
 */
export async function openSession({ url, token }, session, signal) {
  const open = (/** @type {string} */ bearer) =>
    ask(`${url.replace(/^ws/, "http")}/session`, {
      method: "POST",
      headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
      body: JSON.stringify({ session }),
      signal,
    });
  const first = typeof token === "string" ? token : await token();
  try {
    return await open(first);
  } catch (error) {
    const isOld = error instanceof Refusal && error.code === "unauthorized";
    if (!isOld || typeof token === "string") throw error;
    return open(await token(first));
  }
}
