/**
 * The commit: makes a change of one document in the index as a whole, or not at all. Runs in the
 * user's Durable Object, behind its queue.
 *
 *   commit(group):
 *     repeat up to MAX_ATTEMPTS times:
 *       in ONE D1 transaction, for each change of the group in order:
 *         decision := 'fenced' unless root.version is base or that of an earlier change here,
 *                     else by the document's row, the rows that may clash, and the usage
 *         if 'apply': ancestors := (version, new totals); document := (version, ...) or deleted
 *       answered:     base := the root's version now; return the decisions, unless fenced
 *       not answered: read the root's version.
 *         it is a version of this group  the batch was committed, and nothing after it: the
 *                                        versions in the rows say what was done
 *         it is still base               not committed yet; try again. If the first attempt arrives
 *                                        late, it finds a root that the second has changed
 *         neither                        somebody else has written: the outcome is unknown
 *
 * Invariant: a change has an effect only on the state of the tree that it was composed for. So
 * neither another instance of this object, nor a late duplicate of a batch whose answer was lost,
 * can undo or overwrite a change that was acknowledged.
 *
 * The queue alone does not guarantee this: an object that was reset may still have a call to D1 in
 * flight while its successor runs.
 */

import { requiredVersion } from "../core/etag";
import type { NodePath } from "../core/path";
import {
  type Outcome,
  ok,
  type Refusal,
  refused,
  UNAVAILABLE,
  UNKNOWN_OUTCOME,
} from "../core/refusals";
import { logWarning } from "../platform/log";
import { planLimitOf, planLimitRefusal } from "../platform/plan-limits";
import { backoff, MAX_ATTEMPTS, withCallTimeout, withRetry } from "../platform/retry";
import type { Change, ChangeEvaluation } from "./change";
import { changeStatements } from "./db/changes";
import { type NodeRow, selectDocument, selectRoot } from "./db/nodes";
import { decisionRefusal } from "./refusals";

/**
 * Changes in one batch. Their statements stay below the 50 queries that D1 allows an invocation on
 * the free plan, should it count each of them.
 */
export const MAX_GROUP_COMMITS = 16;

/** A change has to be committed within this time after its body, if it has one, was uploaded. */
export const COMMIT_WINDOW_MS = 60_000;

/** A change, and what its request found in a preview before; null: there was no preview. */
export interface CommitRequest extends Change {
  preview: { rootVersion: string | null; version: string | null } | null;
}

/** A change that was made. */
export interface CommitResult {
  /** The new version after a PUT, the deleted one after a DELETE. */
  version: string;
  created: boolean;
  /** Bytes that are left of the quota; null: the answer that said so was lost. */
  freeBytes: number | null;
  /** What the journal records besides; null: the answer that said so was lost. */
  facts: CommitFacts | null;
}

/** Who made a change, and of which document. */
export interface CommitFacts {
  /** The origin or the label of the app; null: the user, on the pages. */
  app: string | null;
  /** Of the document before the change; null: there was none. */
  oldVersion: string | null;
  oldType: string | null;
  oldLength: number | null;
}

/** Makes the commits of one user, one group at a time. Must not be shared by two queues. */
export class Committer {
  readonly #db: D1Database;
  /** The root's version after the last batch; undefined: not known. */
  #base: string | null | undefined;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /**
   * Makes the changes of one account in their order; each is evaluated after those before it. Every
   * outcome is the truth: `unknown-outcome` means that a change may or may not have been made, any
   * other refusal that nothing was changed. Rejects if D1 cannot even be asked what has happened.
   */
  async commit(group: CommitRequest[]): Promise<Outcome<CommitResult>[]> {
    const [first] = group as [CommitRequest];
    let isUnanswered = false;
    if (this.#base === undefined) {
      try {
        this.#base = first.preview
          ? first.preview.rootVersion
          : await this.#loadRootVersion(first.account);
      } catch (error) {
        logWarning("The root's version could not be read before a commit.", error);
        return group.map(() => refused(limitRefusal(error, first) ?? UNAVAILABLE));
      }
    }
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const base: string | null = this.#base;
      this.#base = undefined;
      if (isUnanswered) await backoff(attempt);
      try {
        const evaluations = await withCallTimeout(this.#runBatch(group, base));
        this.#base = rootVersionAfter(group, evaluations);
        if (!evaluations.some(({ decision }) => decision === "fenced")) {
          const outcomes = group.map((change, i) =>
            toOutcome(change, evaluations[i] as ChangeEvaluation),
          );
          // A first attempt that arrives late may still make what was refused now.
          return outcomes.map((outcome) =>
            isUnanswered && !outcome.ok ? refused(UNKNOWN_OUTCOME) : outcome,
          );
        }
        if (!isUnanswered) continue;
      } catch (error) {
        const limit = limitRefusal(error, first);
        if (limit && !isUnanswered) return group.map(() => refused(limit));
        logWarning("D1 did not answer a commit.", error);
        isUnanswered = true;
      }
      const root = await this.#loadRootVersion(first.account);
      this.#base = root;
      if (group.some(({ version }) => version === root)) {
        return this.#recoverOutcomes(group, root, base);
      }
      if (root !== base) break;
    }
    return isUnanswered
      ? this.#recoverOutcomes(group, null, null)
      : group.map(() => refused(UNAVAILABLE));
  }

  async #runBatch(group: CommitRequest[], base: string | null): Promise<ChangeEvaluation[]> {
    const versions = group.map(({ version }) => version);
    const statements = group.map((change, index) =>
      changeStatements(this.#db, change, { base, earlier: versions.slice(0, index) }),
    );
    const results = await this.#db.batch(statements.flat());
    let start = 0;
    return statements.map((own) => {
      const [evaluating, upserting] = results.slice(start, start + own.length);
      start += own.length;
      const evaluation = evaluating?.results[0] as ChangeEvaluation;
      // D1's clock goes on within a batch, so each statement decides for itself whether the change
      // is late. What counts is the second one, which writes.
      const isApplied = (upserting?.meta.changes ?? 0) > 0;
      if (isApplied === (evaluation.decision === "apply")) return evaluation;
      return { ...evaluation, decision: isApplied ? "apply" : "late" };
    });
  }

  #loadRootVersion(account: string): Promise<string | null> {
    return withRetry(() => selectRoot(this.#db, account).first<string>("version"));
  }

  /**
   * Finds out what became of changes whose decisions were lost. A document's row with the change's
   * version proves that the change was made; so does the root, for the last change made.
   */
  async #recoverOutcomes(
    group: CommitRequest[],
    root: string | null,
    base: string | null,
  ): Promise<Outcome<CommitResult>[]> {
    const statements = group.map(({ account, node }) => selectDocument(this.#db, account, node));
    const rows = await withRetry(() => this.#db.batch<NodeRow>(statements));
    return group.map((change, index) => {
      const isLastMade = root === change.version;
      const isStored = rows[index]?.results[0]?.version === change.version;
      if (!isLastMade && !isStored) return refused(UNKNOWN_OUTCOME);
      // The preview says what was there before only if nothing came between it and the change.
      const isPreviewCurrent =
        change.preview?.rootVersion === base &&
        !group.slice(0, index).some(({ node }) => isSameNode(node, change.node));
      const oldVersion =
        requiredVersion(change.precondition) ?? (isPreviewCurrent ? change.preview?.version : null);
      if (change.put) {
        const created = isCreated(change);
        return ok({ version: change.version, created, freeBytes: null, facts: null });
      }
      return oldVersion
        ? ok({ version: oldVersion, created: false, freeBytes: null, facts: null })
        : refused(UNKNOWN_OUTCOME);
    });
  }
}

/** Whether a change makes a new document, as far as its request could know. */
export const isCreated = ({ preview, precondition }: CommitRequest): boolean =>
  preview ? preview.version === null : requiredVersion(precondition) === null;

/** The refusal of a group that has met a limit of the provider's plan, so that D1 has changed nothing. */
function limitRefusal(error: unknown, { modified }: Change): Refusal | null {
  const limit = planLimitOf(error);
  return limit && planLimitRefusal(limit, false, modified);
}

const isSameNode = (a: NodePath, b: NodePath): boolean =>
  a.parent === b.parent && a.name === b.name;

function toOutcome(
  { put, version }: CommitRequest,
  evaluation: ChangeEvaluation,
): Outcome<CommitResult> {
  const refusal = decisionRefusal(evaluation);
  if (refusal) return refused(refusal);
  const { oldVersion, usedBytes, quotaBytes, growthBytes, app, oldType, oldLength } = evaluation;
  return ok({
    version: put ? version : (oldVersion as string),
    created: oldVersion === null,
    freeBytes: quotaBytes - usedBytes - growthBytes,
    facts: { app, oldVersion, oldType, oldLength },
  });
}

function rootVersionAfter(group: CommitRequest[], evaluations: ChangeEvaluation[]): string | null {
  const last = evaluations.at(-1) as ChangeEvaluation;
  return last.decision === "apply" ? (group.at(-1) as CommitRequest).version : last.rootVersion;
}
