/** How a case can end other than by passing, each as an error that the runner catches. */

/** The provider does not do what the case requires. The message is a sentence for its maintainer. */
export class Failure extends Error {
  name = "Failure";
}

/** The case does not apply to this provider, or to this run: the message says why. */
export class Skip extends Error {
  name = "Skip";
}

/**
 * The case could not be decided, which is not the provider's failure.
 *
 * - `network`: there was no complete answer, twice.
 * - `slow`: the answer took longer than the time limit, twice.
 * - `rate-limited`: the provider answered 429, and waiting as long as it asked was not enough.
 * - `unavailable`: the provider, or a proxy before it, answered 502, 503 or 504.
 * - `stopped`: the provider does not answer any more.
 * - `unprepared`: a request that only prepares the case was refused; another case is about that request.
 * @typedef {"network" | "slow" | "rate-limited" | "unavailable" | "stopped" | "unprepared"} Reason
 */

/** The case could not be decided: see `Reason`. */
export class Undecided extends Error {
  name = "Undecided";

  /**
   * @param {Reason} reason
   * @param {string} message
   */
  constructor(reason, message) {
    super(message);
    /** @type {Reason} */
    this.reason = reason;
  }
}
