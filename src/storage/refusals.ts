/** What the index's verdict on a change means to the client. Pure. */

import { type Refusal, UNAVAILABLE } from "../core/refusals";
import type { Weighed } from "./db/changes";

export const BAD_TOKEN: Refusal = {
  code: "unauthorized",
  message: "The access token is not valid, or no longer.",
  error: "invalid_token",
};

export const OUT_OF_SCOPE: Refusal = {
  code: "insufficient-scope",
  message: "The access token does not reach as far as this.",
};

export const SUSPENDED: Refusal = {
  code: "suspended",
  message: "This account is suspended. Its data is kept; its provider can say more.",
};

export const OVER_QUOTA: Refusal = {
  code: "over-quota",
  message: "The account has no room left for this document.",
};

/** Not 404: a client would take that for a deletion, and delete its own copy. */
export const MISDIRECTED: Refusal = {
  code: "misdirected",
  message: "The storage is on another host; WebFinger names it.",
};

/** The refusal that follows from a verdict, or null if the change goes ahead. */
export function refusalOf({ verdict, oldVersion }: Weighed): Refusal | null {
  switch (verdict) {
    case "go":
    case "repeat":
      return null;
    case "revoked":
      return BAD_TOKEN;
    case "suspended":
      return SUSPENDED;
    case "out-of-scope":
      return OUT_OF_SCOPE;
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
