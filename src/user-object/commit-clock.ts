/**
 * The clock of an object's commits. Each commit is later than the one before, even in the same millisecond,
 * so that the times alone say what was the document at a moment, and Last-Modified follows the order of the
 * commits, whenever their requests began.
 */
export class CommitClock {
  readonly #clock: () => number;
  #last = 0;

  /** `clock` reads the platform's, milliseconds since 1970. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** The time of the next commit, milliseconds since 1970. */
  next(): number {
    this.#last = Math.max(this.#clock(), this.#last + 1);
    return this.#last;
  }

  /** Now, milliseconds since 1970: not before the last commit. */
  now(): number {
    return Math.max(this.#clock(), this.#last);
  }
}
