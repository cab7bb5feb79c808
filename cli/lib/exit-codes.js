/** The exit codes of the command. */

export const EXIT = {
  done: 0,
  /** Nothing was done, or not all of it; a message says why. */
  failed: 1,
  /** The arguments are wrong. */
  usage: 2,
  /** All that could be done was done, but something was left out; the report lists it. */
  partial: 3,
  /** Ctrl-C, as shells have it. */
  interrupted: 130,
};
