/** The tasks of a user as they are stored in the user's object, with their logs. */

import { DAY_MS, earliest } from "../core/time";
import type { VersionedChange } from "../storage/tasks/make-change";
import type { Task, TaskCounts, TaskEntry, TaskSpec, TaskState } from "../storage/tasks/task";
import { TaskLog } from "./task-log";

/** How long a task that has ended is remembered. It can be undone as long as R2 has the versions. */
const REMEMBERED_MS = 30 * DAY_MS;
const MAX_REMEMBERED = 100;

const TASK_PREFIX = "task:";
const SPEC_PREFIX = "task-spec:";
const UNFINISHED_KEY = "unfinished-tasks";
const PENDING_KEY = "pending-changes";
const FAILURES_KEY = "task-failures";

/** Changes that are being made, and what their step says besides. It is stored under these names. */
export interface Pending {
  task: string;
  changes: VersionedChange[];
  /** What became of the other changes of the step, and which documents were left as they were. */
  entries: TaskEntry[];
  looked: number;
  cursor: string;
}

/** Attempts of a step that have failed. It is stored under these names. */
interface Failures {
  count: number;
  /** Milliseconds since 1970. */
  retryAt: number;
}

/**
 * Stores the tasks of one user. What a task is to do is in a row of its own, and which tasks have not ended in
 * another, so that a step of one task reads neither the paths of all others nor those that have ended.
 */
export class TaskStore {
  readonly #storage: DurableObjectStorage;
  readonly log: TaskLog;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.log = new TaskLog(storage);
  }

  /** Stores a task, which comes after those that have not ended. */
  add({ spec, ...state }: Task): void {
    this.#storage.transactionSync(() => {
      this.#put(state);
      this.#storage.kv.put<TaskSpec>(SPEC_PREFIX + state.id, spec);
      this.#putUnfinished([...this.unfinished(), state.id]);
    });
  }

  /** The state of a task; null: there is none, or it is no longer remembered. */
  get(id: string): TaskState | null {
    return this.#storage.kv.get<TaskState>(TASK_PREFIX + id) ?? null;
  }

  /** A task with what it is to do. */
  getWhole(id: string): Task | null {
    const state = this.get(id);
    return state && { ...state, spec: this.#storage.kv.get(SPEC_PREFIX + id) as TaskSpec };
  }

  /** The tasks that are remembered, the latest first. */
  list(): TaskState[] {
    const tasks = this.#storage.kv.list<TaskState>({ prefix: TASK_PREFIX, reverse: true });
    return [...tasks].map(([, task]) => task);
  }

  /** The ids of the tasks that have not ended, in the order in which they were started. */
  unfinished(): string[] {
    return this.#storage.kv.get<string[]>(UNFINISHED_KEY) ?? [];
  }

  /** The first of the tasks that is not paused; undefined: there is none. */
  firstRunning(): TaskState | undefined {
    for (const id of this.unfinished()) {
      const task = this.get(id);
      if (task?.state === "running") return task;
    }
    return undefined;
  }

  update(id: string, changes: Partial<TaskState>): void {
    this.#put({ ...(this.get(id) as TaskState), ...changes });
  }

  /** Ends a task. */
  end(id: string, state: "done" | "cancelled" | "failed", now: number): void {
    this.#storage.transactionSync(() => {
      this.update(id, { state, endedAt: now });
      this.#putUnfinished(this.unfinished().filter((other) => other !== id));
    });
  }

  #put(task: TaskState): void {
    this.#storage.kv.put<TaskState>(TASK_PREFIX + task.id, task);
  }

  #putUnfinished(ids: string[]): void {
    if (ids.length > 0) this.#storage.kv.put<string[]>(UNFINISHED_KEY, ids);
    else this.#storage.kv.delete(UNFINISHED_KEY);
  }

  /** The changes of the step that is under way. */
  pending(): Pending | undefined {
    return this.#storage.kv.get<Pending>(PENDING_KEY);
  }

  putPending(pending: Pending): void {
    this.#storage.kv.put<Pending>(PENDING_KEY, pending);
  }

  /** Ends a step: its entries, where the task goes on, and that nothing is pending, in one write. */
  finishStep({ task: id, entries, looked, cursor }: Omit<Pending, "changes">): void {
    const task = this.get(id) as TaskState;
    this.#storage.transactionSync(() => {
      this.log.append(id, task.entries, entries);
      this.update(id, {
        cursor,
        looked: task.looked + looked,
        bytes: task.bytes + entries.reduce((sum, { bytes }) => sum + bytes, 0),
        counts: addEntries(task.counts, entries),
        entries: task.entries + entries.length,
      });
      this.#storage.kv.delete(PENDING_KEY);
    });
  }

  failures(): Failures | undefined {
    return this.#storage.kv.get<Failures>(FAILURES_KEY);
  }

  /** Null: the step has succeeded, or was given up. */
  putFailures(failures: Failures | null): void {
    if (failures) this.#storage.kv.put<Failures>(FAILURES_KEY, failures);
    else this.#storage.kv.delete(FAILURES_KEY);
  }

  /**
   * Forgets tasks that ended long ago, or were paused as long. Returns when the next one is to be
   * forgotten, milliseconds since 1970; null: there is none.
   */
  forgetOld(now: number): number | null {
    const tasks = this.list();
    const needed = new Set(
      tasks
        .filter(isUnfinished)
        .flatMap(({ id, subject: { undoes } }) => (undoes === null ? [] : [id, undoes])),
    );
    const pending = this.pending()?.task;
    const idle = tasks.filter(
      ({ id, state }) => state !== "running" && id !== pending && !needed.has(id),
    );
    const times = idle.map((task, index) => {
      const forgetAt = (task.endedAt ?? task.startedAt) + REMEMBERED_MS;
      if (forgetAt > now && (index < MAX_REMEMBERED || isUnfinished(task))) return forgetAt;
      this.#forget(task);
      return null;
    });
    return earliest(times);
  }

  /** Forgets a task, which may have been paused. */
  #forget({ id }: TaskState): void {
    this.#storage.transactionSync(() => {
      this.#putUnfinished(this.unfinished().filter((other) => other !== id));
      this.#storage.kv.delete(SPEC_PREFIX + id);
      this.#storage.kv.delete(TASK_PREFIX + id);
      this.log.delete(id);
    });
  }
}

/** Whether a task goes on, or can be resumed. */
const isUnfinished = ({ endedAt }: TaskState): boolean => endedAt === null;

function addEntries(before: TaskCounts, entries: TaskEntry[]): TaskCounts {
  const counts = { ...before };
  for (const { outcome } of entries) counts[COUNT_OF[outcome]]++;
  return counts;
}

const COUNT_OF = {
  created: "created",
  replaced: "replaced",
  deleted: "deleted",
  moved: "moved",
  conflict: "conflicts",
  failed: "failed",
} as const satisfies Record<TaskEntry["outcome"], keyof TaskCounts>;
