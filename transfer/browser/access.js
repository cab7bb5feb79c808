/** The access of a page to the storage: a token in memory, which is renewed while the page is at work. */

import { TransferError } from "../requests.js";

/** The server ends a token that was not renewed for five minutes. */
const RENEWAL_MS = 2 * 60_000;

const TOKEN_PATH = "/transfer/token";

/** A token for an export, for the preview of an import (both to read), or for an import (to write). It ends with `close`, or with the page. */
export class PageAccess {
  /** @type {{id: string, token: string} | null} */
  #current = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {"export" | "preview" | "import"} purpose @param {string[]} [modules] to read; none: all */
  constructor(purpose, modules = []) {
    this.purpose = purpose;
    this.modules = modules;
    this.end = this.end.bind(this);
  }

  get token() {
    return this.#current?.token ?? null;
  }

  /** Gets a token. Refuses with `signed-out` or `too-many-apps`, and with `unreachable`. */
  async open() {
    const fields = [["purpose", this.purpose], ...this.modules.map((name) => ["module", name])];
    const response = await post("", fields);
    if (response.status === 401) throw new TransferError("signed-out", "The session has ended.");
    if (!response.ok) {
      const { error, message } = await response.json().catch(() => ({}));
      throw new TransferError(error ?? "refused", message ?? `Status ${response.status}.`);
    }
    this.#current = await response.json();
    clearInterval(this.#timer);
    // A failure shows when the token is used.
    this.#timer = setInterval(() => this.renew().catch(() => {}), RENEWAL_MS);
    addEventListener("pagehide", this.end);
  }

  /** Keeps the token valid, or gets another if it has expired. Returns false if it was ended. */
  async renew() {
    if (this.#current === null) return false;
    const { ok, status } = await post("/renew", [["id", this.#current.id]]);
    if (status === 410) await this.open();
    return ok || status === 410;
  }

  /** Ends the token, also while the page is being closed. */
  end() {
    if (this.#current === null) return;
    navigator.sendBeacon(`${TOKEN_PATH}/end`, new URLSearchParams({ id: this.#current.id }));
    this.#current = null;
    clearInterval(this.#timer);
    removeEventListener("pagehide", this.end);
  }
}

/** @param {string} path @param {string[][]} fields */
const post = (path, fields) =>
  fetch(TOKEN_PATH + path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "application/json" },
  }).catch((cause) => {
    throw new TransferError("unreachable", "The server cannot be reached.", { cause });
  });
