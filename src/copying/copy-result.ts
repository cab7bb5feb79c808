/** What becomes of a document of the old server: it is done with, or to be tried again. */

import { TransferError } from "../../transfer/requests.js";
import type { Refusal } from "../core/refusals";
import { logWarning } from "../platform/log";
import type { IndexedDocument } from "../storage/documents";
import { BusyServerError } from "./guarded-fetch";
import type { CopiedDocument, ListedDocument, MoveCounts } from "./move-in";
import type { OpenedDocument } from "./old-server";

/** What has become of a document. */
export type CopyResult =
  | {
      kind: "done";
      outcome: keyof MoveCounts;
      bytes: number;
      copied: CopiedDocument | null;
      as?: string;
      code?: string;
    }
  /** It is to be tried again; `busy`: when the server can answer. */
  | { kind: "again"; code: string; busy: BusyServerError | null; isAlone?: boolean };

/** After `putDocument` has refused a copy, or `failure` has ended its body. */
export function resultOfRefusal(
  { code }: Refusal,
  failure: unknown,
  { isAlone = false }: ListedDocument,
): CopyResult {
  if (failure instanceof TransferError && failure.code === "too-large") {
    if (isAlone) return left("failed", "too-large");
    return { kind: "again", code: "too-large", busy: null, isAlone: true };
  }
  switch (code) {
    case "clash":
    case "too-large":
    case "over-quota":
      return left("failed", code);
    case "suspended":
    case "unauthorized":
      return { kind: "again", code: "suspended", busy: null };
    default:
      return { kind: "again", code: failure === null ? code : "damaged", busy: null };
  }
}

/** Refusals that another try will not change. */
const FINAL_CODES = ["forbidden", "refused", "redirects", "not-public", "too-large"];

/** After a request to the other server, or its body, has failed. */
export function resultOfError(error: unknown): CopyResult {
  if (error instanceof BusyServerError) return { kind: "again", code: error.code, busy: error };
  if (error instanceof TransferError) {
    return FINAL_CODES.includes(error.code)
      ? left("failed", error.code)
      : { kind: "again", code: error.code, busy: null };
  }
  logWarning("A document of another server could not be copied.", error);
  return { kind: "again", code: "damaged", busy: null };
}

/** The user has paused or cancelled the move. */
export const STOPPED: CopyResult = { kind: "again", code: "stopped", busy: null };

/** The document is not copied: another one is kept, or it cannot be. */
export const left = (outcome: "kept" | "failed", code?: string): CopyResult => ({
  kind: "done",
  outcome,
  bytes: 0,
  copied: null,
  ...(code === undefined ? {} : { code }),
});

/** The document is here already. */
export const unchanged = (copied: CopiedDocument): CopyResult => ({
  kind: "done",
  outcome: "equal",
  bytes: 0,
  copied,
});

/** The document that is here counts as the copy from now on. */
export const equal = (
  { path, listed }: { path: string; listed: ListedDocument },
  { etag }: OpenedDocument,
  { version }: IndexedDocument,
  here: string,
): CopyResult =>
  unchanged({ listed: listed.etag, etag, version, ...(here === path ? {} : { as: here }) });
