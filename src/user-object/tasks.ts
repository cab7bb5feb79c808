/** The tasks of a user: long work on documents. They are started, looked at, paused and cancelled here. */

import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import type { Commit } from "../storage/documents";
import { countTargets } from "../storage/tasks/count-targets";
import {
  subjectOf,
  type Task,
  type TaskEntry,
  type TaskSpec,
  type TaskState,
} from "../storage/tasks/task";
import type { CommitJournal } from "./commit-journal";
import type { FoundEntries } from "./task-log";
import { TaskRunner } from "./task-runner";
import { TaskStore } from "./task-store";

/** Tasks that have not ended: a user who starts more of them waits. */
const MAX_UNFINISHED = 50;

/** The tasks of one user, in the storage of the user's object. */
export class Tasks {
  readonly #storage: DurableObjectStorage;
  readonly #store: TaskStore;
  readonly #env: Env;
  readonly #journal: CommitJournal;
  readonly #runner: TaskRunner;

  constructor(
    storage: DurableObjectStorage,
    env: Env,
    journal: CommitJournal,
    commit: Commit,
    clock: () => number,
  ) {
    this.#storage = storage;
    this.#env = env;
    this.#journal = journal;
    this.#store = new TaskStore(storage);
    this.#runner = new TaskRunner(this.#store, env, journal, commit, clock);
  }

  /**
   * Starts a task, after those that were started before. Returns its id; null: too many have not ended. To
   * undo a task that is being undone, or has been, is the same undo; one that goes on is cancelled.
   */
  async start(
    owner: { account: string; user: string },
    spec: TaskSpec,
    isPreview: boolean,
    now: number,
  ): Promise<string | null> {
    this.#store.forgetOld(now);
    const total =
      spec.kind === "undo"
        ? (this.#store.get(spec.task)?.entries ?? 0)
        : await countTargets(this.#env.DB, owner.account, spec);
    // What the task is to take back must not be forgotten if the object dies.
    this.#journal.flush();
    // Nothing is awaited from here on until the task is stored.
    const undone = spec.kind === "undo" && !isPreview ? this.#store.get(spec.task) : null;
    const undo = undone?.undoneBy ? this.#store.get(undone.undoneBy) : null;
    if (undo && undo.state !== "cancelled" && undo.state !== "failed") return undo.id;
    if (this.#store.unfinished().length >= MAX_UNFINISHED) return null;
    const task: Task = {
      ...owner,
      // Later ones sort behind.
      id: `${String(now).padStart(15, "0")}-${randomId()}`,
      spec,
      subject: subjectOf(spec),
      isPreview,
      state: "running",
      startedAt: now,
      endedAt: null,
      looked: 0,
      total,
      counts: { created: 0, replaced: 0, deleted: 0, moved: 0, conflicts: 0, failed: 0 },
      bytes: 0,
      undoneBy: null,
      cursor: null,
      entries: 0,
    };
    this.#store.add(task);
    if (undone?.endedAt === null) this.#store.end(undone.id, "cancelled", now);
    if (undone) this.#store.update(undone.id, { undoneBy: task.id });
    await scheduleAlarm(this.#storage, now);
    return task.id;
  }

  /** A task; null: there is none, or it is no longer remembered. */
  get(id: string): Task | null {
    return this.#store.getWhole(id);
  }

  /** The tasks that are remembered, the latest first. */
  list(): TaskState[] {
    return this.#store.list();
  }

  /** Entries of a task's log with one of these outcomes, from a position on; at most `limit`. */
  findEntries(
    id: string,
    outcomes: TaskEntry["outcome"][],
    from: number,
    limit: number,
  ): FoundEntries {
    return this.#store.log.find(id, this.#store.get(id)?.entries ?? 0, outcomes, from, limit);
  }

  /** Pauses, resumes or cancels a task that has not ended. What it has done stays done. */
  async control(id: string, action: "pause" | "resume" | "cancel", now: number): Promise<void> {
    const task = this.#store.get(id);
    if (task === null || task.endedAt !== null) return;
    if (action === "cancel") this.#store.end(id, "cancelled", now);
    else this.#store.update(id, { state: action === "pause" ? "paused" : "running" });
    await scheduleAlarm(this.#storage, now);
  }

  /** Forgets what is old: `TaskStore.forgetOld`. */
  forgetOld(now: number): number | null {
    return this.#store.forgetOld(now);
  }

  /** Works on the tasks for a while: `TaskRunner.run`. */
  run(now: number): Promise<number | null> {
    return this.#runner.run(now);
  }
}
