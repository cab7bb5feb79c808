/** Lists of an archive: lines of text. */

import { joinBytes } from "../streams.js";

/** Lines of text, as bytes: strings would need three times the memory. */
export class Lines {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  #blocks = [];
  /** @type {string[]} */
  #recent = [];

  /** @param {string} line */
  add(line) {
    this.#recent.push(`${line}\n`);
    if (this.#recent.length >= 1000) this.#pack();
  }

  #pack() {
    this.#blocks.push(encode(this.#recent.join("")));
    this.#recent = [];
  }

  /** All lines. */
  bytes() {
    this.#pack();
    return joinBytes(this.#blocks);
  }
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const encode = (text) => new TextEncoder().encode(text);
