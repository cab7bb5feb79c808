/**
 * The commit: how a change of one document gets into the index whole or not at all. Runs in the
 * user's Durable Object, behind its queue.
 *
 *   commit(group):
 *     repeat a few times:
 *       in ONE D1 transaction, for each change of the group in order:
 *         verdict := 'fenced' unless root.version is base or that of an earlier change here,
 *                    else by the document's row, the clashing rows and the usage
 *         if 'go': ancestors := (version, shares); document := (version, ...) or gone
 *       answered:     base := what the root is now; return the verdicts, unless fenced
 *       not answered: look at the root.
 *         its version is of this group  it was committed, and nothing since: the rows tell by
 *                                       their versions what was done
 *         it is still base              not committed yet; try again. If the first try arrives
 *                                       late, it finds a root that the second has changed
 *         neither                       somebody else has written: the outcome is unknown
 *
 * Invariant: a change has an effect only on the state of the tree that it was composed for, so
 * that neither another instance of this object nor a late duplicate of a batch whose answer got
 * lost can undo or overwrite a change that was acknowledged.
 *
 * The queue alone would not do: an object that was reset may still have a call to D1 in flight
 * while its successor runs.
 */

import { requiredVersion } from "../core/etag";
import type { NodePath } from "../core/path";
import { type Outcome, ok, refused, UNAVAILABLE, UNKNOWN_OUTCOME } from "../core/refusals";
import { logWarning } from "../platform/log";
import { backoff, MAX_ATTEMPTS, withCallTimeout, withRetry } from "../platform/retry";
import { type Change, changeStatements, type Weighed } from "./db/changes";
import { type NodeRow, selectDocument, selectRoot } from "./db/nodes";
import { refusalOf } from "./refusals";

/**
 * Changes in one batch: with their statements below the 50 queries that D1 has for an invocation
 * on the free plan, should it count them one by one.
 */
export const MAX_GROUP = 16;

/** A change has this long to be committed, after its body was uploaded if it has one. */
export const COMMIT_WITHIN_MS = 60_000;

/** A change, and what the request saw before it asked for it; null: it has not looked. */
export interface Commit extends Change {
  seen: { rootVersion: string | null; version: string | null } | null;
}

export interface Committed {
  /** Of a PUT the new version, of a DELETE the one that was deleted. */
  version: string;
  created: boolean;
  /** Bytes that are left of the quota; null: the answer that said so got lost. */
  freeBytes: number | null;
}

/** Makes the commits of one user, one group at a time. Not to be shared by two queues. */
export class Committer {
  readonly #db: D1Database;
  /** The root's version after the last batch; undefined: not known. */
  #base: string | null | undefined;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /**
   * Makes the changes of one account in their order, each weighed after those before it. Every
   * outcome is the truth: refused means that nothing was changed, `unknown-outcome` that nobody
   * can tell. Rejects if D1 cannot even be asked what has happened.
   */
  async commit(group: Commit[]): Promise<Outcome<Committed>[]> {
    const [first] = group as [Commit];
    let isUnanswered = false;
    if (this.#base === undefined) {
      try {
        this.#base = first.seen ? first.seen.rootVersion : await this.#readRoot(first.account);
      } catch (error) {
        logWarning("The root could not be read before a commit.", error);
        return group.map(() => refused(UNAVAILABLE));
      }
    }
    for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
      const base: string | null = this.#base;
      this.#base = undefined;
      if (isUnanswered) await backoff(tries);
      try {
        const weighed = await withCallTimeout(this.#runBatch(group, base));
        this.#base = rootAfter(group, weighed);
        if (!weighed.some(({ verdict }) => verdict === "fenced")) {
          const outcomes = group.map((change, i) => outcomeOf(change, weighed[i] as Weighed));
          // A first try that arrives late may still make what was refused now.
          return outcomes.map((one) => (isUnanswered && !one.ok ? refused(UNKNOWN_OUTCOME) : one));
        }
        if (!isUnanswered) continue;
      } catch (error) {
        logWarning("A commit was not answered.", error);
        isUnanswered = true;
      }
      const root = await this.#readRoot(first.account);
      this.#base = root;
      if (group.some(({ version }) => version === root)) {
        return this.#readOutcomes(group, root, base);
      }
      if (root !== base) break;
    }
    return isUnanswered
      ? this.#readOutcomes(group, null, null)
      : group.map(() => refused(UNAVAILABLE));
  }

  async #runBatch(group: Commit[], base: string | null): Promise<Weighed[]> {
    const versions = group.map(({ version }) => version);
    const statements = group.map((change, index) =>
      changeStatements(this.#db, change, { base, earlier: versions.slice(0, index) }),
    );
    const results = await this.#db.batch(statements.flat());
    let start = 0;
    return statements.map((own) => {
      const [weighing, shift] = results.slice(start, start + own.length);
      start += own.length;
      const weighed = weighing?.results[0] as Weighed;
      // D1's clock goes on within a batch: whether a change was late is what the second has made of it.
      const isMade = (shift?.meta.changes ?? 0) > 0;
      if (isMade === (weighed.verdict === "go")) return weighed;
      return { ...weighed, verdict: isMade ? "go" : "late" };
    });
  }

  #readRoot(account: string): Promise<string | null> {
    return withRetry(() => selectRoot(this.#db, account).first<string>("version"));
  }

  /**
   * What can still be said of changes whose verdicts got lost: a document's row that has the
   * change's version proves that it was made, and so does the root if it was the last one made.
   */
  async #readOutcomes(
    group: Commit[],
    root: string | null,
    base: string | null,
  ): Promise<Outcome<Committed>[]> {
    const looks = group.map(({ account, node }) => selectDocument(this.#db, account, node));
    const rows = await withRetry(() => this.#db.batch<NodeRow>(looks));
    return group.map((change, index) => {
      const isLast = root === change.version;
      const isInPlace = rows[index]?.results[0]?.version === change.version;
      if (!isLast && !isInPlace) return refused(UNKNOWN_OUTCOME);
      // What was there is known from the look only if nothing came between that and the change.
      const isAsSeen =
        change.seen?.rootVersion === base &&
        !group.slice(0, index).some(({ node }) => isSame(node, change.node));
      const old = requiredVersion(change.precondition) ?? (isAsSeen ? change.seen?.version : null);
      if (change.put) {
        return ok({ version: change.version, created: isCreated(change), freeBytes: null });
      }
      return old ? ok({ version: old, created: false, freeBytes: null }) : refused(UNKNOWN_OUTCOME);
    });
  }
}

/** Whether a change makes a new document, as far as its request could know. */
export const isCreated = ({ seen, precondition }: Commit): boolean =>
  seen ? seen.version === null : requiredVersion(precondition) === null;

const isSame = (a: NodePath, b: NodePath): boolean => a.parent === b.parent && a.name === b.name;

function outcomeOf({ put, version }: Commit, weighed: Weighed): Outcome<Committed> {
  const refusal = refusalOf(weighed);
  if (refusal) return refused(refusal);
  const { oldVersion, oldLength, usedBytes, quotaBytes } = weighed;
  const freeBytes = quotaBytes - usedBytes + (oldLength ?? 0) - (put?.length ?? 0);
  return ok({
    version: put ? version : (oldVersion as string),
    created: oldVersion === null,
    freeBytes,
  });
}

function rootAfter(group: Commit[], weighed: Weighed[]): string | null {
  const last = weighed.at(-1) as Weighed;
  return last.verdict === "go" ? (group.at(-1) as Commit).version : last.rootVersion;
}
