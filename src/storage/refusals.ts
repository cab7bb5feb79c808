/** The refusals of the storage endpoints, each with its sentence. */

import { type Refusal, UNAVAILABLE } from "../core/refusals";
import type { ChangeEvaluation } from "./change";

/** 401: the request has no access token. RFC 6750 §3.1: without an error code then. */
export const NO_TOKEN: Refusal = {
  code: "unauthorized",
  message: "An access token is required: Authorization: Bearer <access_token>.",
};

/** 401 */
export const BAD_TOKEN: Refusal = {
  code: "unauthorized",
  message: "The access token is invalid, expired or revoked.",
  error: "invalid_token",
};

/** 403 */
export const OUT_OF_SCOPE: Refusal = {
  code: "insufficient-scope",
  message: "The access token's scope does not cover this resource.",
};

/** 403 */
export const SUSPENDED: Refusal = {
  code: "suspended",
  message: "This account is suspended. Its data is kept. Contact the provider.",
};

/** 404: in a request without a token also for a user that does not exist. */
export const NO_DOCUMENT: Refusal = { code: "not-found", message: "There is no such document." };

/** 404: an earlier version that is kept no longer. */
export const NO_VERSION: Refusal = {
  code: "not-found",
  message: "This version of the document is no longer kept.",
};

/** 404: the address of a preview that is not ours, or no longer valid. */
export const NO_PREVIEW: Refusal = {
  code: "not-found",
  message: "This address is no longer valid. Reload the page that shows the document.",
};

/** 400 */
export const FOLDER_WRITE: Refusal = {
  code: "folder-write",
  message: "Folders cannot be written or deleted directly.",
};

/** 507 */
export const OVER_QUOTA: Refusal = {
  code: "over-quota",
  message: "Storage quota exceeded.",
};

/** 507 */
const TOO_MANY_DOCUMENTS: Refusal = {
  code: "over-quota",
  message: "The account has as many documents as this provider allows.",
};

/** 403 */
export const NOT_EXECUTABLE: Refusal = {
  code: "not-executable",
  message: "A document is never a script or worker on the origin of the storage.",
};

/** 421, not 404: a client would take that for a deletion, and delete its own copy. */
export const MISDIRECTED: Refusal = {
  code: "misdirected",
  message: "This host does not serve storage. Use the storage root from WebFinger.",
};

/** 412. `version`: the document's or folder's current one; null: there is no such document. */
export const preconditionFailed = (version: string | null): Refusal => ({
  code: "precondition-failed",
  message: "The current version does not match the request's precondition.",
  version,
});

/** 413 */
export const documentTooLarge = (maxBytes: number): Refusal => ({
  code: "too-large",
  message: `A document may have at most ${maxBytes} bytes.`,
});

/** 405. `allow`: the methods of the resource. */
export const methodNotAllowed = (method: string, allow: string[]): Refusal => ({
  code: "method-not-allowed",
  message: `Method ${method} is not allowed.`,
  allow: allow.join(", "),
});

/** 400 */
export const NO_STORAGE_ROOT: Refusal = {
  code: "malformed",
  message: "The root folder is /storage/<user>/.",
};

/** 400. RFC 9110 §14.5: a part must not be taken for the whole. */
export const PARTIAL_PUT: Refusal = {
  code: "malformed",
  message: "Partial PUT (Content-Range) is not supported.",
};

/** 415: the coding would be lost, as only the Content-Type is stored with a document. */
export const unsupportedCoding = (coding: string): Refusal => ({
  code: "unsupported-coding",
  message: `The content coding ${coding} is not supported. Send the document without it.`,
});

/** 400. `curl -T`, the first line of many clients, sends none: the message says what to add. */
export const NO_CONTENT_TYPE: Refusal = {
  code: "malformed",
  message:
    "The Content-Type header is missing. Send that of the document, for example with curl: -H 'Content-Type: text/plain'.",
};

/** 400 */
export const INVALID_CONTENT_TYPE: Refusal = {
  code: "malformed",
  message: "The Content-Type contains invalid characters.",
};

/** 400 */
export const contentTypeTooLong = (maxBytes: number): Refusal => ({
  code: "malformed",
  message: `The Content-Type may have at most ${maxBytes} bytes.`,
});

/** The refusal that follows from the decision on a change; null if the change is made. */
export function decisionRefusal({ decision, oldVersion }: ChangeEvaluation): Refusal | null {
  switch (decision) {
    case "apply":
    case "already-applied":
      return null;
    case "revoked":
      return BAD_TOKEN;
    case "suspended":
      return SUSPENDED;
    case "out-of-scope":
      return OUT_OF_SCOPE;
    case "not-found":
      return NO_DOCUMENT;
    case "clash":
      return {
        code: "clash",
        message: "A document and a folder cannot have the same name in the same folder.",
      };
    case "precondition-failed":
      return preconditionFailed(oldVersion);
    case "too-many-documents":
      return TOO_MANY_DOCUMENTS;
    case "over-quota":
      return OVER_QUOTA;
    case "fenced":
    case "late":
      return UNAVAILABLE;
  }
}
