/** What a request makes the server do beyond parsing and answering it: it is limited, and counted. */

import { refuseCall } from "./refusals";

/** Index entries that one request may insert: a second or two, in which the module does nothing else. */
const MAX_ENTRIES = 100_000;

/** Characters of documents and keys that one query may read, likewise. */
const MAX_READ_LENGTH = 100_000_000;

/** An entry costs the app as much as so many bytes of messages. */
const ENTRY_COST_BYTES = 64;

/** To read and match a document costs so much less than to send it. */
const READ_LENGTH_PER_BYTE = 16;

/** Thrown by `Work.read` if a query reads too much. */
export class TooMuchToRead extends Error {}

/** An instruction of a regular expression for a character costs so much less than to send a byte. */
const STEPS_PER_BYTE = 8;

/** The work of one request. */
export class Work {
  #readLength = 0;
  #entries = 0;
  #steps = 0;

  /** What it counts for towards the bytes that an app may exchange. */
  get costBytes(): number {
    return (
      this.#readLength / READ_LENGTH_PER_BYTE +
      this.#entries * ENTRY_COST_BYTES +
      this.#steps / STEPS_PER_BYTE
    );
  }

  /** Counts a text that a query has read. Throws `TooMuchToRead`. */
  read({ length }: { length: number }): void {
    this.#readLength += length;
    if (this.#readLength > MAX_READ_LENGTH) throw new TooMuchToRead();
  }

  /** Counts steps of regular expressions. Returns how many there are now. */
  search(steps: number): number {
    this.#steps += steps;
    return this.#steps;
  }

  /** Counts index entries that are about to be inserted. Returns false, and counts none, if they are too many. */
  insertEntries(count: number): boolean {
    if (count > MAX_ENTRIES) return false;
    this.#entries += count;
    return true;
  }
}

/** The refusal of a query that reads too much. */
export const TOO_MUCH_TO_READ = refuseCall({
  code: "too-large",
  message:
    "The query has to read more than 100 MB of documents. Add conditions, or an index that fits them.",
});

/** The refusal of a write or an index with too many entries. */
export const TOO_MANY_ENTRIES = refuseCall({
  code: "too-large",
  message:
    "This takes more than 100,000 index entries. Send fewer documents per write; create indexes with their collection.",
});
