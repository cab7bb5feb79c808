/** Requests to other servers: only to public ones, bounded in time and redirects, with nothing of ours. */

import { TransferError } from "../../transfer/requests.js";
import type { Env } from "../env";
import { withCallTimeout } from "../platform/retry";
import { mayAsk } from "./public-servers";

/** Until the headers of a response are there. */
const RESPONSE_TIMEOUT_MS = 20_000;

const MAX_REDIRECTS = 5;

/** Waiting that a server may ask for. One that asks for more is asked again after so long. */
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** A server that cannot answer now: it is to be asked again later. */
export class BusyServerError extends TransferError {
  /** What the server asks to wait, in milliseconds; null: it does not say. */
  readonly retryAfterMs: number | null;
  /** Whether the server as a whole does not answer, rather than this one resource. */
  readonly isWholeServer: boolean;

  constructor(
    code: string,
    message: string,
    status: number | undefined,
    retryAfterMs: number | null,
  ) {
    super(code, message, { status });
    this.retryAfterMs = retryAfterMs;
    this.isWholeServer = status === undefined || status === 429 || retryAfterMs !== null;
  }
}

/** Sends a request as `fetch` does. */
export type GuardedFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A `fetch` for other servers. It rejects with a TransferError: `not-public` for an address that may not be
 * asked, also after a redirect; `redirects`; a BusyServerError for what another try may change, such as 429.
 * A token is not sent on to another origin. Each request counts as a call of the invocation.
 */
export const guardedFetch =
  (env: Env, now: () => number, signal?: AbortSignal): GuardedFetch =>
  async (url, init) => {
    let next = new URL(url);
    const headers = new Headers(init.headers);
    // A length that is known before is worth more than fewer bytes.
    headers.set("Accept-Encoding", "identity");
    const late = new AbortController();
    const signals = [signal, init.signal, late.signal].filter((one) => one != null);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const options = { ...init, headers, redirect: "manual" as const };
      const request = { ...options, signal: AbortSignal.any(signals) };
      const response = await ask(env, next, request, now).catch((error) => {
        // It may still be waiting for an answer.
        late.abort();
        throw error;
      });
      const target = redirectTarget(response, next);
      if (target === null || init.redirect === "manual") return response;
      await response.body?.cancel();
      if (target.origin !== next.origin) {
        headers.delete("Authorization");
        headers.delete("Origin");
      }
      next = target;
    }
    throw new TransferError("redirects", `${new URL(url).host} redirects too often.`);
  };

async function ask(env: Env, url: URL, init: RequestInit, now: () => number): Promise<Response> {
  if (!mayAsk(url, env)) throw new TransferError("not-public", `${url.host} may not be asked.`);
  const network = env.PUBLIC_NETWORK ?? globalThis;
  const response = await withCallTimeout(network.fetch(url.href, init), RESPONSE_TIMEOUT_MS).catch(
    (error) => {
      init.signal?.throwIfAborted();
      throw new BusyServerError("unreachable", `${url.host}: ${error}`, undefined, null);
    },
  );
  const { status } = response;
  if (status < 500 && ![408, 425, 429].includes(status)) return response;
  await response.body?.cancel();
  const code = status === 429 ? "rate-limited" : "unavailable";
  const wait = retryAfterMs(response, now());
  throw new BusyServerError(code, `${url.host} answered with status ${status}.`, status, wait);
}

function redirectTarget(response: Response, from: URL): URL | null {
  const location = response.headers.get("Location");
  const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304;
  return isRedirect && location !== null ? URL.parse(location, from.href) : null;
}

/** RFC 9110 §10.2.3. */
function retryAfterMs({ headers }: Response, now: number): number | null {
  const value = headers.get("Retry-After")?.trim() ?? "";
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
