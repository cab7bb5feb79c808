/** Reads documents that may be replaced while they are read: the body of the version in the index may be gone. */

/** Attempts to read a document that is replaced each time. */
const MAX_ATTEMPTS = 5;

/**
 * Repeats `attempt` while it returns undefined: the version that it has found was replaced, and its body is deleted.
 * Throws if that goes on: then the index names a body that does not exist.
 */
export async function retryWhileReplaced<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let attempts = 0; attempts < MAX_ATTEMPTS; attempts++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new Error("The index names a body that does not exist.");
}
