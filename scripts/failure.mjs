/** A reason for giving up that people can act on: one line that says what is wrong and what to do. */

export class Failure extends Error {
  name = "Failure";
}

/**
 * Runs the body of a command. A Failure becomes its one line on stderr and exit code 1; anything
 * else is a bug of ours and keeps its stack.
 * @param {() => Promise<void>} body
 */
export async function orFail(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error);
    process.exit(1);
  }
}
