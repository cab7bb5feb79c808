/** What the index's verdict on a change means to the client. Pure. */

import type { Refusal } from "../core/refusals";
import type { Weighed } from "./change-repo";

/** The change may or may not have been made. Its body is left alone. */
export const UNKNOWN_OUTCOME: Refusal = {
  code: "unknown-outcome",
  message: "The storage did not answer in time. Look whether your change is there, and try again.",
  retryAfterSeconds: 1,
};

/** Nothing was changed, and another try may go better. */
export const UNAVAILABLE: Refusal = {
  code: "unavailable",
  message: "The storage is not available at the moment; nothing was changed. Try again.",
  retryAfterSeconds: 1,
};

export const OVER_QUOTA: Refusal = {
  code: "over-quota",
  message: "The account has no room left for this document.",
};

/** The refusal that follows from a verdict, or null if the change goes ahead. */
export function refusalOf({ verdict, oldVersion }: Weighed): Refusal | null {
  switch (verdict) {
    case "go":
    case "repeat":
      return null;
    case "missing":
      return { code: "not-found", message: "There is no such document." };
    case "clash":
      return {
        code: "clash",
        message: "A document and a folder cannot have the same name in the same folder.",
      };
    case "precondition-failed":
      return {
        code: "precondition-failed",
        message: "The document is not in the version that the request demands.",
        version: oldVersion,
      };
    case "over-quota":
      return OVER_QUOTA;
    case "fenced":
    case "late":
      return UNAVAILABLE;
  }
}
