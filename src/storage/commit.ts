/**
 * The commit: how a change of one document gets into the index whole or not at all. Runs in the
 * user's Durable Object, behind its queue.
 *
 *   commit(group):
 *     repeat a few times:
 *       batch := random
 *       in ONE D1 transaction, for each change of the group in order:
 *         verdict := 'fenced' unless root.version = base or root.batch = batch
 *                    else by the document's row, the clashing rows and the usage
 *         if 'go': ancestors := (version, batch, shares); document := (version, ...) or gone
 *       answered:     base := what the root is now; return the verdicts, unless fenced
 *       not answered: look at the root.
 *         root.batch is ours           it was committed, and nothing since: the rows tell by
 *                                      their versions what was done
 *         root.version is still base   not committed yet; try again. If the first batch arrives
 *                                      late, it finds a root that the second has changed
 *         neither                      somebody else has written: the outcome is unknown
 *
 * Invariant: a batch has an effect only on the state of the tree that it was composed for, so that
 * neither another instance of this object nor a late duplicate of a batch whose answer got lost
 * can overwrite a change that was acknowledged.
 *
 * The queue alone would not do: an object that was reset may still have a call to D1 in flight
 * while its successor runs.
 */

import { done, type Outcome, refused } from "../core/refusals";
import { randomId } from "../core/secrets";
import { logFault } from "../http/log";
import {
  type Change,
  changeStatements,
  type Fence,
  type NodeRow,
  selectDocument,
  selectRoot,
  type Weighed,
} from "./repo";
import { refusalOf, UNKNOWN_OUTCOME } from "./verdicts";

/** Changes in one batch. */
export const MAX_GROUP = 100;

const MAX_TRIES = 3;

/** A change, and what the request saw before it asked for it. */
export interface Commit extends Change {
  seen: { rootVersion: string | null; version: string | null };
}

export interface Committed {
  /** Of a PUT the new version, of a DELETE the one that was deleted. */
  version: string;
  created: boolean;
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
    const unanswered = new Set<string>();
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const base = this.#base === undefined ? first.seen.rootVersion : this.#base;
      const fence: Fence = { base, batch: randomId() };
      this.#base = undefined;
      try {
        const weighed = await this.#runBatch(group, fence);
        this.#base = rootAfter(group, weighed);
        if (!weighed.some(({ verdict }) => verdict === "fenced")) {
          return group.map((change, index) => outcomeOf(change, weighed[index] as Weighed));
        }
        if (unanswered.size === 0) continue;
      } catch (error) {
        logFault("A commit was not answered.", error);
        unanswered.add(fence.batch);
      }
      const root = await selectRoot(this.#db, first.account).first<Root>();
      this.#base = root?.version ?? null;
      if (root && unanswered.has(root.batch)) return this.#readOutcomes(group, root, base);
      if (this.#base !== base) break;
    }
    return this.#readOutcomes(group, null, null);
  }

  async #runBatch(group: Commit[], fence: Fence): Promise<Weighed[]> {
    const statements = group.map((change) => changeStatements(this.#db, change, fence));
    const results = await this.#db.batch(statements.flat());
    let start = 0;
    return statements.map((own) => {
      const weighed = results[start]?.results[0] as Weighed;
      start += own.length;
      return weighed;
    });
  }

  /**
   * What can still be said of changes whose verdicts got lost: a document's row that has the
   * change's version proves that it was made, and so does the root if it was the last one made.
   */
  async #readOutcomes(
    group: Commit[],
    root: Root | null,
    base: string | null,
  ): Promise<Outcome<Committed>[]> {
    const rows = await this.#db.batch<NodeRow>(
      group.map(({ account, node }) => selectDocument(this.#db, account, node)),
    );
    return group.map((change, index) => {
      const isInPlace = rows[index]?.results[0]?.version === change.version;
      const isLast = root?.version === change.version;
      if (change.put) {
        if (!isInPlace && !isLast) return refused(UNKNOWN_OUTCOME);
        return done({ version: change.version, created: change.seen.version === null });
      }
      // Only if nothing came between the request's look and the batch is it known what was deleted.
      const { rootVersion, version } = change.seen;
      if (!isLast || rootVersion !== base || version === null) return refused(UNKNOWN_OUTCOME);
      return done({ version, created: false });
    });
  }
}

interface Root {
  version: string;
  batch: string;
}

function outcomeOf(change: Commit, weighed: Weighed): Outcome<Committed> {
  const refusal = refusalOf(weighed);
  if (refusal) return refused(refusal);
  return done(
    change.put
      ? { version: change.version, created: weighed.oldVersion === null }
      : { version: weighed.oldVersion as string, created: false },
  );
}

function rootAfter(group: Commit[], weighed: Weighed[]): string | null {
  const last = weighed.at(-1) as Weighed;
  return last.verdict === "go" ? (group.at(-1) as Commit).version : last.rootVersion;
}
