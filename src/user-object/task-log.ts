/** The logs of tasks: what became of each document, many entries in one row. */

import type { TaskEntry } from "../storage/tasks/task";

/** Entries in one row: their paths have at most 4 KiB each, a row of an object 2 MB. */
const ENTRIES_PER_ROW = 100;

/** Entries that one call looks at: a few hundred rows. */
const MAX_SEARCHED_ENTRIES = 20_000;

/** Entries that were looked for. */
export interface FoundEntries {
  entries: TaskEntry[];
  /** The position from which to go on; null: at the end of the log. */
  next: number | null;
}

/** The logs, in the storage of the user's object. */
export class TaskLog {
  readonly #kv: DurableObjectStorage["kv"];

  constructor(storage: DurableObjectStorage) {
    this.#kv = storage.kv;
  }

  /** Adds entries to a log that has `length` of them. */
  append(task: string, length: number, entries: TaskEntry[]): void {
    let number = Math.floor(length / ENTRIES_PER_ROW);
    let row = length % ENTRIES_PER_ROW === 0 ? [] : this.#row(task, number);
    for (const entry of entries) {
      row.push(entry);
      if (row.length === ENTRIES_PER_ROW) {
        this.#kv.put(rowKey(task, number++), row);
        row = [];
      }
    }
    if (row.length > 0) this.#kv.put(rowKey(task, number), row);
  }

  /**
   * At most `limit` entries with one of these outcomes in a log of `length` entries, from a position (the
   * number of entries before it) on.
   */
  find(
    task: string,
    length: number,
    outcomes: TaskEntry["outcome"][],
    from: number,
    limit: number,
  ): FoundEntries {
    const entries: TaskEntry[] = [];
    const end = Math.min(length, from + MAX_SEARCHED_ENTRIES);
    let position = from;
    while (position < end && entries.length < limit) {
      const row = this.#row(task, Math.floor(position / ENTRIES_PER_ROW));
      const rowEnd = position - (position % ENTRIES_PER_ROW) + ENTRIES_PER_ROW;
      for (; position < Math.min(end, rowEnd) && entries.length < limit; position++) {
        const entry = row[position % ENTRIES_PER_ROW] as TaskEntry;
        if (outcomes.includes(entry.outcome)) entries.push(entry);
      }
    }
    return { entries, next: position < length ? position : null };
  }

  /** The entries before a position (null: from the end), each with its position, the last one first. */
  *backwards(task: string, before: string | null): Generator<[position: string, TaskEntry], void> {
    let end = before === null ? this.#length(task) : Number(before);
    while (end > 0) {
      const number = Math.floor((end - 1) / ENTRIES_PER_ROW);
      const row = this.#row(task, number);
      for (; end > number * ENTRIES_PER_ROW; end--) {
        yield [String(end - 1), row[(end - 1) % ENTRIES_PER_ROW] as TaskEntry];
      }
    }
  }

  /** Deletes the log of a task. */
  delete(task: string): void {
    for (const [key] of [...this.#kv.list({ prefix: logPrefix(task) })]) this.#kv.delete(key);
  }

  #length(task: string): number {
    const options = { prefix: logPrefix(task), reverse: true, limit: 1 };
    const [last] = [...this.#kv.list<TaskEntry[]>(options)];
    if (last === undefined) return 0;
    return Number(last[0].slice(logPrefix(task).length)) * ENTRIES_PER_ROW + last[1].length;
  }

  #row(task: string, number: number): TaskEntry[] {
    return this.#kv.get<TaskEntry[]>(rowKey(task, number)) ?? [];
  }
}

const logPrefix = (task: string): string => `task-log:${task}:`;

const rowKey = (task: string, number: number): string =>
  logPrefix(task) + String(number).padStart(10, "0");
