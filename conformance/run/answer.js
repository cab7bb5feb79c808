/** An answer of the provider, read to its end, with the request that led to it. */

import { redactText } from "./redact.js";

const decoder = new TextDecoder();

export class Answer {
  /**
   * @param {{method: string, url: string, headers: Headers, body: Uint8Array | null, isStreamed: boolean}} request
   * @param {number} status
   * @param {Headers} headers
   * @param {Uint8Array} bytes the body
   */
  constructor(request, status, headers, bytes) {
    this.request = request;
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
    /** The ETag that the document had afterwards, for a PUT whose answer lacks it. */
    this.laterEtag = "";
  }

  /** The body as UTF-8. */
  get text() {
    return decoder.decode(this.bytes);
  }

  /** The body as JSON; undefined if it is none. */
  get json() {
    try {
      return JSON.parse(this.text);
    } catch {
      return undefined;
    }
  }

  /** The ETag as it was sent, with its quotes; "" if there is none. */
  get etag() {
    return this.headers.get("etag") ?? this.laterEtag;
  }

  /** Whether the request was successful (§4: "in the 2xx range"). */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /** What was asked, for messages: the method and the path, with tokens redacted. */
  get asked() {
    const { pathname, search } = new URL(this.request.url);
    return `${this.request.method} ${shorten(redactText(pathname + search), 120)}`;
  }
}

/**
 * A text of at most this length, never cut within a character.
 * @param {string} text
 * @param {number} length
 */
export const shorten = (text, length) =>
  text.length > length ? `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, "")}…` : text;
