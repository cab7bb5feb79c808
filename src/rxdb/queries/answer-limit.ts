/** The size limit of the answer to a read. */

import { refuseCall } from "../refusals";

/** Characters of JSON. A longer answer would exceed a client's timeout, or the object's memory. */
export const MAX_ANSWER_LENGTH = 16_000_000;

/** The refusal of a read with a longer answer. */
export const ANSWER_TOO_LARGE = refuseCall({
  code: "too-large",
  message: "The answer would be larger than 16 MB. Use limit and skip, or replication.",
});
