/**
 * The tasks of a user: long work on documents, done step by step by the alarm of the user's object, one
 * task after the other, and never while a sweep deletes versions.
 *
 *   step:
 *     plan the next changes, with a fresh version for each     planned again if the object dies here
 *     store them as pending
 *     make each of them, guarded by the version that the document must have
 *     in ONE write: add what became of them to the log; move the cursor; delete what was pending
 *
 * If the object dies while changes are pending, they are made again with the same versions: the commit
 * recognizes those that were made (`already-applied`), so the log has each of them, and "undo" takes all
 * of them back.
 */

import { randomId } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { scheduleAlarm } from "../platform/alarms";
import { logWarning } from "../platform/log";
import { deleteBodies, MAX_KEYS_PER_DELETE } from "../storage/bodies";
import type { Commit } from "../storage/documents";
import { countTargets } from "../storage/tasks/count-targets";
import { copyDocument } from "../storage/tasks/document-copy";
import { planOf } from "../storage/tasks/plans";
import type {
  FreedBody,
  PlannedChange,
  PlanStep,
  Task,
  TaskEntry,
  TaskSpec,
} from "../storage/tasks/task";
import type { CommitJournal } from "./commit-journal";
import { type FoundEntries, TaskLog } from "./task-log";

/** The share of an alarm's calls that changes may use; the rest is for planning and for retries. */
const CALLS_SHARE = 0.6;

/** A copy reads and writes a body and is committed; a move deletes the original, too. */
const CALLS_PER_CHANGE = 4;

/** Changes that are made at once. R2 allows an invocation six connections. */
const PARALLEL = 5;

const MAX_STEP_CHANGES = 50;

/** An alarm goes on with steps for so long. Others are served meanwhile, but it must end. */
const ALARM_MS = 5000;

/** To the next attempt after a step that failed, and how many there are. */
const RETRY_AFTER_MS = 10_000;
const MAX_FAILURES = 20;

/** How long a task that has ended is remembered. It can be undone as long as R2 has the versions. */
const REMEMBERED_MS = 30 * DAY_MS;
const MAX_REMEMBERED = 100;

/** Tasks that have not ended: a user who starts more of them waits. */
const MAX_UNFINISHED = 50;

const TASK_PREFIX = "task:";
const PENDING_KEY = "pending-changes";

/** Changes that are being made, and what their step says besides. It is stored under these names. */
interface Pending {
  task: string;
  changes: (PlannedChange & { version: string })[];
  conflicts: string[];
  looked: number;
  cursor: string;
}

/** The tasks of one user, in the storage of the user's object. */
export class Tasks {
  readonly #storage: DurableObjectStorage;
  readonly #env: Env;
  readonly #journal: CommitJournal;
  readonly #commit: Commit;
  readonly #clock: () => number;
  readonly #log: TaskLog;
  /** The plan that is being followed; it is made anew from the cursor after the object was replaced. */
  #plan: { task: string; steps: AsyncGenerator<PlanStep, void> } | null = null;
  #failures = 0;

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
    this.#commit = commit;
    this.#clock = clock;
    this.#log = new TaskLog(storage);
  }

  /**
   * Starts a task, after those that were started before. Returns its id; null: too many have not ended. To
   * undo a task that is being undone, or has been, is the same undo.
   */
  async start(
    owner: { account: string; user: string },
    spec: TaskSpec,
    isPreview: boolean,
    now: number,
  ): Promise<string | null> {
    this.#forgetOld(now);
    const undone = spec.kind === "undo" ? this.get(spec.task) : null;
    const undo = isPreview || !undone?.undoneBy ? null : this.get(undone.undoneBy);
    if (undo && undo.state !== "cancelled" && undo.state !== "failed") return undo.id;
    if (this.list().filter(({ endedAt }) => endedAt === null).length >= MAX_UNFINISHED) return null;
    const task: Task = {
      ...owner,
      // Later ones sort behind.
      id: `${String(now).padStart(15, "0")}-${randomId()}`,
      spec,
      isPreview,
      state: "running",
      startedAt: now,
      endedAt: null,
      looked: 0,
      total: undone?.entries ?? (await countTargets(this.#env.DB, owner.account, spec)),
      counts: { created: 0, replaced: 0, deleted: 0, moved: 0, conflicts: 0, failed: 0 },
      bytes: 0,
      undoneBy: null,
      cursor: null,
      entries: 0,
    };
    this.#store(task);
    if (undone && !isPreview) this.#store({ ...undone, undoneBy: task.id });
    await scheduleAlarm(this.#storage, now);
    return task.id;
  }

  /** A task; null: there is none, or it is no longer remembered. */
  get(id: string): Task | null {
    return this.#storage.kv.get<Task>(TASK_PREFIX + id) ?? null;
  }

  /** The tasks that are remembered, the latest first. */
  list(): Task[] {
    const tasks = this.#storage.kv.list<Task>({ prefix: TASK_PREFIX, reverse: true });
    return [...tasks].map(([, task]) => task);
  }

  /** A page of a task's log, after the first `skip` entries. */
  entries(id: string, skip: number, limit: number): TaskEntry[] {
    return this.#log.page(id, skip, limit);
  }

  /** Entries of a task's log with one of these outcomes, from a position on; at most `limit`. */
  findEntries(
    id: string,
    outcomes: TaskEntry["outcome"][],
    from: number,
    limit: number,
  ): FoundEntries {
    return this.#log.find(id, this.get(id)?.entries ?? 0, outcomes, from, limit);
  }

  /** Pauses, resumes or cancels a task that has not ended. What it has done stays done. */
  async control(id: string, action: "pause" | "resume" | "cancel", now: number): Promise<void> {
    const task = this.get(id);
    if (task === null || task.endedAt !== null) return;
    if (action === "cancel") this.#end(task, "cancelled", now);
    else this.#store({ ...task, state: action === "pause" ? "paused" : "running" });
    await scheduleAlarm(this.#storage, now);
  }

  /** Works on the tasks for a while. Returns when to go on; null: there is nothing to do. */
  async run(now: number): Promise<number | null> {
    const end = now + ALARM_MS;
    let calls = 0;
    for (;;) {
      const pending = this.#storage.kv.get<Pending>(PENDING_KEY);
      const task = pending ? this.get(pending.task) : this.#next();
      if (task === null) return null;
      try {
        // Changes that were begun are finished, even if their task has been paused or cancelled since.
        calls += await (pending ? this.#makeChanges(pending) : this.#step(task));
        this.#failures = 0;
      } catch (error) {
        logWarning("A step of a task failed and will be tried again.", error);
        this.#plan = null;
        if (++this.#failures < MAX_FAILURES) return this.#clock() + RETRY_AFTER_MS;
        this.#failures = 0;
        this.#giveUp(task);
      }
      const isSpent = 2 * calls > settings(this.#env).SUBREQUESTS * CALLS_SHARE;
      if (isSpent || this.#clock() > end) return this.#clock();
    }
  }

  #next(): Task | null {
    return this.list().findLast(({ state }) => state === "running") ?? null;
  }

  /** Ends a task whose changes fail again and again. Nobody knows what became of the last ones. */
  #giveUp(task: Task): void {
    const pending = this.#storage.kv.get<Pending>(PENDING_KEY);
    if (pending) {
      const { changes } = pending;
      const unknown = changes.map(({ path, before }) =>
        failedEntry(path, before, "unknown-outcome"),
      );
      this.#finishStep(pending, unknown);
    }
    const current = this.get(task.id) ?? task;
    if (current.endedAt === null) this.#end(current, "failed", this.#clock());
  }

  /** Does one step of a task. Returns how many calls it may have made. */
  async #step(task: Task): Promise<number> {
    if (this.#plan?.task !== task.id) {
      const steps = planOf({
        env: this.#env,
        journal: this.#journal,
        task,
        stepSize: this.#stepSize(),
        entriesBackwards: (id, before) => this.#log.backwards(id, before),
      });
      this.#plan = { task: task.id, steps };
    }
    const { value: step } = await this.#plan.steps.next();
    const current = this.get(task.id);
    // It may have been paused or cancelled meanwhile; then the step is planned again, or never.
    if (current?.state !== "running") {
      this.#plan = null;
      return 0;
    }
    if (!step) {
      this.#plan = null;
      this.#end(current, "done", this.#clock());
      return 3;
    }
    if (step.bodies) return this.#freeBodies(current, step, step.bodies);
    const { conflicts = [], looked, cursor } = step;
    const changes = step.changes.map((change) => ({ ...change, version: randomId() }));
    const next: Pending = { task: task.id, changes, conflicts, looked, cursor };
    if (current.isPreview) {
      this.#finishStep(next, changes.map(previewEntry));
      return 3;
    }
    if (changes.length > 0) this.#storage.kv.put(PENDING_KEY, next);
    return this.#makeChanges(next);
  }

  #stepSize(): number {
    const calls = settings(this.#env).SUBREQUESTS * CALLS_SHARE;
    return Math.min(MAX_STEP_CHANGES, Math.floor(calls / CALLS_PER_CHANGE));
  }

  async #makeChanges(pending: Pending): Promise<number> {
    const task = this.get(pending.task) as Task;
    const entries: TaskEntry[][] = Array.from(pending.changes, () => []);
    const queue = [...pending.changes.entries()];
    const work = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, change] = next;
        entries[index] = await this.#makeChange(task, change);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    this.#finishStep(pending, entries.flat());
    return pending.changes.length * CALLS_PER_CHANGE + 2;
  }

  async #makeChange(task: Task, change: Pending["changes"][number]): Promise<TaskEntry[]> {
    const { path, before, source, version, length, movedFrom } = change;
    const writer = { account: task.account, user: task.user, grant: null };
    const copy = { source, path, expected: before?.version ?? null, version };
    const outcome = await copyDocument(this.#env, writer, copy, this.#commit, this.#clock);
    if (!outcome.ok) {
      const { code } = outcome.refusal;
      if (code === "unavailable" || code === "unknown-outcome") {
        throw new Error(`The change of a document is ${code}.`);
      }
      // A deletion that was made before the object died.
      const isMade = source === null && code === "not-found";
      if (!isMade) return [failedEntry(path, before, code)];
    }
    const made: TaskEntry = {
      path,
      outcome: outcomeOf(change),
      bytes: length,
      before,
      after: source && { version, type: source.type },
    };
    if (movedFrom === undefined) return [made];
    const { path: oldPath, ...original } = movedFrom;
    const deletion = { path: oldPath, before: original, source: null, length };
    return [made, ...(await this.#makeChange(task, { ...deletion, version: randomId() }))];
  }

  async #freeBodies(
    task: Task,
    { looked, cursor }: PlanStep,
    bodies: FreedBody[],
  ): Promise<number> {
    if (!task.isPreview) {
      // Before the bodies: the bin must not show what is gone.
      this.#journal.forgetVersions(bodies);
      for (let start = 0; start < bodies.length; start += MAX_KEYS_PER_DELETE) {
        const keys = bodies.slice(start, start + MAX_KEYS_PER_DELETE).map(({ key }) => key);
        await deleteBodies(this.#env.BODIES, keys);
      }
    }
    const current = this.get(task.id) ?? task;
    const { counts } = current;
    this.#store({
      ...current,
      cursor,
      looked: current.looked + looked,
      bytes: current.bytes + bodies.reduce((sum, { length }) => sum + length, 0),
      counts: { ...counts, deleted: counts.deleted + bodies.length },
    });
    return 4;
  }

  #finishStep({ task: id, conflicts, looked, cursor }: Pending, made: TaskEntry[]): void {
    const task = this.get(id) as Task;
    const entries = [...made, ...conflicts.map(conflictEntry)];
    const counts = { ...task.counts };
    for (const { outcome } of entries) counts[COUNT_OF[outcome]]++;
    this.#log.append(id, task.entries, entries);
    this.#store({
      ...task,
      cursor,
      looked: task.looked + looked,
      bytes: task.bytes + entries.reduce((sum, { bytes }) => sum + bytes, 0),
      counts,
      entries: task.entries + entries.length,
    });
    this.#storage.kv.delete(PENDING_KEY);
  }

  #end(task: Task, state: "done" | "cancelled" | "failed", now: number): void {
    this.#store({ ...task, state, endedAt: now });
    if (this.#plan?.task === task.id) this.#plan = null;
  }

  #forgetOld(now: number): void {
    const ended = this.list().filter(({ endedAt }) => endedAt !== null);
    for (const [index, { id, endedAt }] of ended.entries()) {
      if (index < MAX_REMEMBERED && (endedAt as number) > now - REMEMBERED_MS) continue;
      this.#storage.kv.delete(TASK_PREFIX + id);
      this.#log.delete(id);
    }
  }

  #store(task: Task): void {
    this.#storage.kv.put<Task>(TASK_PREFIX + task.id, task);
  }
}

const COUNT_OF = {
  created: "created",
  replaced: "replaced",
  deleted: "deleted",
  moved: "moved",
  conflict: "conflicts",
  failed: "failed",
} as const;

const outcomeOf = ({ source, before }: PlannedChange): "created" | "replaced" | "deleted" =>
  source === null ? "deleted" : before === null ? "created" : "replaced";

const failedEntry = (path: string, before: TaskEntry["before"], code: string): TaskEntry => {
  const isConflict = code === "precondition-failed" || code === "clash";
  return {
    path,
    outcome: isConflict ? "conflict" : "failed",
    code,
    bytes: 0,
    before,
    after: before,
  };
};

const conflictEntry = (path: string): TaskEntry => ({
  path,
  outcome: "conflict",
  bytes: 0,
  before: null,
  after: null,
});

/** What an entry would be if the change were made. */
const previewEntry = (change: PlannedChange): TaskEntry => ({
  path: change.path,
  outcome: outcomeOf(change),
  bytes: change.length,
  before: change.before,
  after: null,
});
