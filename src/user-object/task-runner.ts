/**
 * Does the tasks of a user step by step, by the alarm of the user's object: one task after the other, and
 * never while a sweep deletes versions.
 *
 *   step:
 *     plan the next changes, with a fresh version for each     planned again if the object dies here
 *     store them as pending
 *     make each of them, guarded by the version that the document must have
 *     in ONE write: add what became of them to the log; move the cursor; delete what was pending
 *
 * If the object dies while changes are pending, or the platform does not answer, they are made again with
 * the same versions, before anything else: the index says which of them were made. So the log has each of
 * them, and "undo" takes all of them back. A task that is paused or cancelled ends the step that it is in.
 */

import { randomId } from "../core/secrets";
import { HOUR_MS } from "../core/time";
import { type Env, settings } from "../env";
import { logWarning } from "../platform/log";
import { type RequestContext, runWithRequestContext } from "../platform/request-context";
import { deleteBodies, MAX_KEYS_PER_DELETE } from "../storage/bodies";
import type { Commit } from "../storage/documents";
import { changeEntry, leftEntry, loadRowsOf, makeChanges } from "../storage/tasks/make-change";
import { planOf } from "../storage/tasks/plans";
import type { FreedBody, PlanStep, Task, TaskState } from "../storage/tasks/task";
import type { CommitJournal } from "./commit-journal";
import type { Pending, TaskStore } from "./task-store";

/** The share of an alarm's calls that the changes of a step may make. */
const CHANGES_SHARE = 0.6;

/** A copy reads and writes a body and is committed; a move deletes the original, and may take back the copy. */
const CALLS_PER_CHANGE = 5;

/** Calls of a step besides, for planning and for retries. */
const OTHER_CALLS = 10;

const MAX_STEP_CHANGES = 50;

/** Entries of one step of a preview, which makes no calls but to plan. */
const PREVIEW_STEP_CHANGES = 200;

/** An alarm goes on with steps for so long. Others are served meanwhile, but it must end. */
const ALARM_MS = 5000;

/** Between attempts of a step that fails: doubled each time. After so many, about a day, it is given up. */
const RETRY_AFTER_MS = { first: 10_000, most: HOUR_MS };
const MAX_FAILURES = 32;

/** Works on the tasks of one user. */
export class TaskRunner {
  readonly #store: TaskStore;
  readonly #env: Env;
  readonly #journal: CommitJournal;
  readonly #commit: Commit;
  readonly #clock: () => number;
  /** The plan that is being followed; it is made anew from the cursor after the object was replaced. */
  #plan: { task: string; steps: AsyncGenerator<PlanStep, void> } | null = null;

  constructor(
    store: TaskStore,
    env: Env,
    journal: CommitJournal,
    commit: Commit,
    clock: () => number,
  ) {
    this.#store = store;
    this.#env = env;
    this.#journal = journal;
    this.#commit = commit;
    this.#clock = clock;
  }

  /** Works on the tasks for a while. Returns when to go on; null: there is nothing to do. */
  run(now: number): Promise<number | null> {
    const context = { id: randomId(), calls: 0 };
    return runWithRequestContext(context, () => this.#run(context, now));
  }

  async #run(context: RequestContext, now: number): Promise<number | null> {
    const { SUBREQUESTS } = settings(this.#env);
    const maxCalls = SUBREQUESTS - SUBREQUESTS * CHANGES_SHARE - OTHER_CALLS;
    for (;;) {
      const task = this.#next();
      if (task === undefined) {
        this.#plan = null;
        return null;
      }
      const failures = this.#store.failures();
      if (failures && failures.retryAt > now) return failures.retryAt;
      try {
        await this.#step(task);
        if (failures) this.#store.putFailures(null);
      } catch (error) {
        logWarning("A step of a task failed and will be tried again.", error);
        this.#plan = null;
        return this.#recordFailure(task, failures?.count ?? 0);
      }
      if (context.calls > maxCalls || this.#clock() > now + ALARM_MS) return this.#clock();
    }
  }

  /** The task that goes on: that of which changes are pending, or the first one that is not paused. */
  #next(): TaskState | undefined {
    const pending = this.#store.pending();
    return pending ? (this.#store.get(pending.task) as TaskState) : this.#store.firstRunning();
  }

  /** Returns when the step is tried again. After too many failures what is pending, or the task, has failed. */
  #recordFailure(task: TaskState, before: number): number {
    const now = this.#clock();
    const count = before + 1;
    if (count < MAX_FAILURES) {
      const { first, most } = RETRY_AFTER_MS;
      const retryAt = now + Math.min(most, first * 2 ** before);
      this.#store.putFailures({ count, retryAt });
      return retryAt;
    }
    this.#store.putFailures(null);
    const pending = this.#store.pending();
    if (pending === undefined) this.#store.end(task.id, "failed", now);
    else {
      const failed = pending.changes.map((change) => leftEntry(change, "unknown-outcome"));
      this.#store.finishStep({ ...pending, entries: [...pending.entries, ...failed] });
    }
    return now;
  }

  async #step(task: TaskState): Promise<void> {
    const pending = this.#store.pending();
    if (pending !== undefined) return this.#makeChanges(task, pending, true);
    if (this.#plan?.task !== task.id) {
      this.#plan = { task: task.id, steps: this.#planOf(this.#store.getWhole(task.id) as Task) };
    }
    const { value: step } = await this.#plan.steps.next();
    // It may have been paused or cancelled meanwhile; then the step is planned again, or never.
    if (this.#store.get(task.id)?.state !== "running") {
      this.#plan = null;
      return;
    }
    if (!step) return this.#store.end(task.id, "done", this.#clock());
    if (step.bodies) return this.#freeBodies(task, step, step.bodies);
    const entries = (step.left ?? []).map(({ path, code }) =>
      leftEntry({ path, before: null }, code),
    );
    const { looked, cursor } = step;
    const next = { task: task.id, entries, looked, cursor };
    if (task.isPreview) {
      const planned = step.changes.map((change) => changeEntry(change));
      return this.#store.finishStep({ ...next, entries: [...planned, ...entries] });
    }
    const changes = step.changes.map((change) => ({ ...change, version: randomId() }));
    if (changes.length === 0) return this.#store.finishStep(next);
    this.#store.putPending({ ...next, changes });
    return this.#makeChanges(task, { ...next, changes }, false);
  }

  #planOf(task: Task): AsyncGenerator<PlanStep, void> {
    const callsForChanges = settings(this.#env).SUBREQUESTS * CHANGES_SHARE;
    const stepSize = Math.min(MAX_STEP_CHANGES, Math.floor(callsForChanges / CALLS_PER_CHANGE));
    return planOf({
      env: this.#env,
      journal: this.#journal,
      task,
      stepSize: task.isPreview ? PREVIEW_STEP_CHANGES : stepSize,
      // A preview has done nothing that could be taken back.
      entriesBackwards: (id, before) =>
        this.#store.get(id)?.isPreview ? [] : this.#store.log.backwards(id, before),
    });
  }

  /** Rejects if some of the changes have to be tried again; the others are not made twice. */
  async #makeChanges(task: TaskState, pending: Pending, isRepeated: boolean): Promise<void> {
    const { account, user } = task;
    const context = {
      env: this.#env,
      writer: { account, user, grant: null },
      commit: this.#commit,
      clock: this.#clock,
      left: isRepeated ? await loadRowsOf(this.#env, account, pending.changes) : null,
    };
    const made = await makeChanges(context, pending.changes);
    const entries = [...made.filter((entry) => entry !== null), ...pending.entries];
    const changes = pending.changes.filter((_, index) => made[index] === null);
    if (changes.length === 0) return this.#store.finishStep({ ...pending, entries });
    this.#store.putPending({ ...pending, changes, entries });
    throw new Error(`${changes.length} changes of documents have to be made again.`);
  }

  async #freeBodies(
    task: TaskState,
    { looked, cursor }: PlanStep,
    bodies: FreedBody[],
  ): Promise<void> {
    if (!task.isPreview) {
      // Before the bodies: the bin must not show what is gone.
      this.#journal.forgetVersions(bodies);
      for (let start = 0; start < bodies.length; start += MAX_KEYS_PER_DELETE) {
        const keys = bodies.slice(start, start + MAX_KEYS_PER_DELETE).map(({ key }) => key);
        await deleteBodies(this.#env.BODIES, keys);
      }
    }
    const { counts, ...current } = this.#store.get(task.id) ?? task;
    this.#store.update(task.id, {
      cursor,
      looked: current.looked + looked,
      bytes: current.bytes + bodies.reduce((sum, { length }) => sum + length, 0),
      counts: { ...counts, deleted: counts.deleted + bodies.length },
    });
  }
}
