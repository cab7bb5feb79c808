/** A change of one document, and the decision on it. */

import type { Precondition } from "../core/etag";
import type { NodePath } from "../core/path";

/** A change of one document, as it is evaluated and written. */
export interface Change {
  account: string;
  /** The id of the grant that has to allow it; null: the user makes it, on the pages. */
  grant: string | null;
  node: NodePath;
  /** Fresh: the new version of the document and of all its ancestors. */
  version: string;
  precondition: Precondition;
  /** Null: the document is to be deleted. */
  put: { type: string; length: number } | null;
  /**
   * Milliseconds since 1970: from then on the change has no effect. By then its client has stopped
   * waiting, and the sweep may delete its body (`storage/versions/sweep.ts`).
   */
  commitBefore: number;
  /** For an account without a quota of its own. */
  defaultQuotaBytes: number;
  /** How many documents the account may have. */
  maxDocuments: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/**
 * What is to become of a change. `apply`: it is made; `already-applied`: this very change was made
 * before; `fenced`: the tree has changed since the batch was composed; `late`: its deadline has
 * passed. All others are refusals.
 */
type ChangeDecision =
  | "apply"
  | "already-applied"
  | "fenced"
  | "late"
  | "revoked"
  | "suspended"
  | "out-of-scope"
  | "not-found"
  | "clash"
  | "precondition-failed"
  | "too-many-documents"
  | "over-quota";

/** The decision on a change, and the state that it is based on. */
export interface ChangeEvaluation {
  decision: ChangeDecision;
  /** The document's version before the change; null: there is no such document. */
  oldVersion: string | null;
  oldLength: number | null;
  oldType: string | null;
  /** The version of the root folder before the change; null: nothing was ever stored. */
  rootVersion: string | null;
  /** Bytes in use before the change, including the index and databases. */
  usedBytes: number;
  /** Bytes by which the change makes usage grow; negative: shrink, by at least so many. */
  growthBytes: number;
  /** The part of them that is in the index. */
  indexGrowthBytes: number;
  /** The origin or the label of the grant's app; null: the user makes the change. */
  app: string | null;
  quotaBytes: number;
}
