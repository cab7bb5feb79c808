/** What is refused, as opposed to bugs. */

import { TransferError } from "../../transfer/requests.js";

/**
 * Refusals of servers and of checks, and what the file system refuses.
 * @param {unknown} error
 * @returns {error is Error & {code: string}}
 */
export const isRefusal = (error) =>
  error instanceof TransferError || (error instanceof Error && "syscall" in error);
