/** The latest changes of a module, so that a client that was away can be told what it has missed. */

import { randomId } from "../../core/secrets";
import {
  cutOfEvents,
  dropOldEvents,
  insertEvent,
  loadAnswer,
  loadEvents,
  measureEvents,
  newestEvent,
  oldestEvent,
  positionAt,
} from "../tables/events";

/** How long a change is kept. */
export const KEPT_MS = 10 * 60 * 1000;

/** And at most so many, or about so many bytes. */
const MAX_EVENTS = 1000;
const MAX_LENGTH = 8_000_000;

/**
 * Clients ignore a bulk that they have seen within a minute, so what may have been on the way when a
 * socket died is told again.
 */
export const MARGIN_MS = 45_000;

const EPOCH = "epoch";

/** A change, as it is written and told. */
export interface Change {
  collection: number;
  context: string;
  /** JSON: the list of events, and the checkpoint after them. */
  list: string;
  checkpoint: string;
  /** The request that made it, and JSON of what it was answered. */
  request: string;
  answer: string;
}

/** Where a client stands in the log. */
export type Position = { seq: number } | "lost";

/** The log of one module. */
export class EventLog {
  readonly #sql: SqlStorage;
  readonly #epoch: string;
  #newest: { seq: number; at: number };
  /** Null: nobody has asked since this instance began. Who only reads need not pay for it. */
  #size: { count: number; length: number } | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    const epoch = storage.kv.get<string>(EPOCH) ?? randomId();
    if (storage.kv.get<string>(EPOCH) === undefined) storage.kv.put(EPOCH, epoch);
    this.#epoch = epoch;
    this.#newest = newestEvent(this.#sql);
  }

  /** When the last change was made; 0: there was none. */
  get changedAt(): number {
    return this.#newest.at;
  }

  /** Whether even the last change was made so long ago that it is not kept any more. */
  get hasForgotten(): boolean {
    return oldestEvent(this.#sql) === null;
  }

  /** Id of the last bulk, or of none where there is none: what a client has that comes now. */
  get newestId(): string {
    return `${this.#epoch}-${this.#newest.seq}`;
  }

  /** Within the transaction of the change. Returns JSON of the bulk; `noteAppended` follows. */
  append({ collection, context, list, checkpoint, request, answer }: Change, at: number): string {
    const seq = this.#newest.seq + 1;
    const head = JSON.stringify({ id: `${this.#epoch}-${seq}` }).slice(0, -1);
    const json = `${head},"events":${list},"checkpoint":${checkpoint},"context":${JSON.stringify(context)}}`;
    insertEvent(this.#sql, { seq, collection, at, request, answer, json });
    return json;
  }

  /** Once the transaction of a change is over; `length` is that of its bulk and its answer. */
  noteAppended(length: number, at: number): void {
    this.#newest = { seq: this.#newest.seq + 1, at };
    this.#size = this.#size
      ? { count: this.#size.count + 1, length: this.#size.length + length }
      : measureEvents(this.#sql);
    if (this.#size.count > MAX_EVENTS || this.#size.length > MAX_LENGTH) {
      dropOldEvents(this.#sql, 0, cutOfEvents(this.#sql, MAX_EVENTS / 2, MAX_LENGTH / 2));
      this.#size = measureEvents(this.#sql);
    }
  }

  /** The bulks after a number, in their order. */
  after(seq: number): Iterable<{ seq: number; collection: number; json: string }> {
    return seq === this.#newest.seq ? [] : loadEvents(this.#sql, seq);
  }

  /** Where a client stands that has last received the bulk of this id; null: it is no id of ours. */
  positionOf(bulkId: string): Position | null {
    const [, epoch, number] = /^(.{22})-(\d{1,15})$/.exec(bulkId) ?? [];
    const seq = Number(number);
    if (epoch !== this.#epoch || seq > this.#newest.seq) return null;
    const oldest = oldestEvent(this.#sql);
    return seq === this.#newest.seq || (oldest !== null && oldest <= seq + 1) ? { seq } : "lost";
  }

  /** Where a client stands that has received everything before this time. */
  positionAt(time: number): Position {
    if (time > this.#newest.at) return { seq: this.#newest.seq };
    return positionAt(this.#sql, time) ?? "lost";
  }

  /** What the change of a request was answered; null: none is kept. */
  answerOf(collection: number, request: string): string | null {
    return loadAnswer(this.#sql, collection, request);
  }

  /** Forgets what has been kept long enough. Returns when there is more to forget; null: never. */
  forgetOld(now: number): number | null {
    dropOldEvents(this.#sql, now - KEPT_MS, 0);
    this.#size = measureEvents(this.#sql);
    return this.#size.count > 1 ? now + KEPT_MS : null;
  }
}
