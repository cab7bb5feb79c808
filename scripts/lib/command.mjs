/** Runs the body of a command and reports errors: one line for expected ones, a stack for bugs. */

/** An expected error: its message is one line that says what is wrong and what to do. */
export class CommandError extends Error {
  name = "CommandError";
}

/** The exit code of a command that did all that could be done, but left something out; it has said what. */
export const EXIT_PARTIAL = 3;

/**
 * Runs the body of a command. A CommandError is printed to stderr as its message, any other error,
 * which is a bug, with its stack; both end the process with exit code 1.
 * @param {() => Promise<void>} body
 */
export async function runCommand(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof CommandError ? error.message : error);
    process.exit(1);
  }
}
