/**
 * The log of a module's latest changes, for clients that were offline for a while.
 *
 * Each change is an event bulk with a sequence number. A client that comes back says after which bulk,
 * or since when, it may have missed some; the log returns those after it, or says that they are lost.
 */

import { randomId } from "../../core/secrets";
import {
  areKeptAfter,
  deleteOldEvents,
  findFirstEventAt,
  findPositionAt,
  findTrimSeq,
  hasEvents,
  insertEvent,
  loadEvents,
  loadLoggedAnswer,
  loadNewestEvent,
  measureEvents,
} from "../tables/events";

/** How long a change is kept. */
export const EVENT_RETENTION_MS = 10 * 60 * 1000;

/** Rows and bytes that are kept at most, about. */
const MAX_EVENT_ROWS = 1000;
const MAX_LOG_BYTES = 8_000_000;

/**
 * How long before its loss a socket may have failed to deliver bulks: they are sent again. Clients
 * ignore a bulk that they received within the last minute.
 */
export const REPLAY_MARGIN_MS = 45_000;

/** For how long before its last bulk RxDB's client remembers the ids of those that it has. */
const CLIENT_MEMORY_MS = 60_000;

/** Storage key of a random id of this log, so that ids of bulks differ from those of an erased one. */
const EPOCH_KEY = "epoch";

/** A change, as it is logged and broadcast. */
export interface LoggedChange {
  /** Id of the collection. */
  collection: number;
  /** RxDB's context of the write. */
  context: string;
  /** The list of events as JSON. */
  list: string;
  /** The checkpoint after them as JSON. */
  checkpoint: string;
  /** Id of the request that made the change. */
  request: string;
  /** The answer to that request as JSON. */
  answer: string;
}

/** Up to which bulk a client has received everything; "lost" if later ones are no longer kept. */
export type LogPosition = { seq: number } | "lost";

/** The log of one module. */
export class EventLog {
  readonly #sql: SqlStorage;
  readonly #epoch: string;
  #newest: { seq: number; at: number };
  /** Null until this instance appends: an object that only serves reads does not pay for measuring. */
  #size: { count: number; length: number } | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    const epoch = storage.kv.get<string>(EPOCH_KEY);
    this.#epoch = epoch ?? randomId();
    if (epoch === undefined) storage.kv.put(EPOCH_KEY, this.#epoch);
    this.#newest = loadNewestEvent(this.#sql);
  }

  /** When the last change was made, in milliseconds since 1970; 0 if there was none. */
  get lastChangeAt(): number {
    return this.#newest.at;
  }

  /** Whether the last change is no longer kept because it is so old. */
  hasExpired(now: number): boolean {
    const isOld = now - this.#newest.at >= EVENT_RETENTION_MS;
    return isOld && !hasEvents(this.#sql);
  }

  /** Id of the newest bulk: a client that connects now has received everything up to it. */
  get newestId(): string {
    return `${this.#epoch}-${this.#newest.seq}`;
  }

  /**
   * Appends a change, within its transaction. Returns the bulk as JSON. Call `recordAppended` once the
   * transaction is committed.
   */
  append(
    { collection, context, list, checkpoint, request, answer }: LoggedChange,
    at: number,
  ): string {
    const seq = this.#newest.seq + 1;
    const head = JSON.stringify({ id: `${this.#epoch}-${seq}` }).slice(0, -1);
    const json = `${head},"events":${list},"checkpoint":${checkpoint},"context":${JSON.stringify(context)}}`;
    insertEvent(this.#sql, { seq, collection, at, request, answer, json });
    return json;
  }

  /** Deletes all changes, the newest too, within its transaction: then clients can't catch up. */
  clear(): void {
    deleteOldEvents(this.#sql, 0, this.#newest.seq + 1);
    this.#size = null;
  }

  /** Records an appended change, once it is committed. `length` is that of its bulk and its answer. */
  recordAppended(length: number, at: number): void {
    this.#newest = { seq: this.#newest.seq + 1, at };
    this.#size = this.#size
      ? { count: this.#size.count + 1, length: this.#size.length + length }
      : measureEvents(this.#sql);
    if (this.#size.count > MAX_EVENT_ROWS || this.#size.length > MAX_LOG_BYTES) {
      deleteOldEvents(this.#sql, 0, findTrimSeq(this.#sql, MAX_EVENT_ROWS / 2, MAX_LOG_BYTES / 2));
      this.#size = measureEvents(this.#sql);
    }
  }

  /** Returns the bulks after a sequence number, in their order. */
  bulksAfter(seq: number): Iterable<{ seq: number; collection: number; json: string }> {
    return seq === this.#newest.seq ? [] : loadEvents(this.#sql, seq);
  }

  /** Returns the position of a client by the id of the last bulk it received; null if the id is not ours. */
  positionOf(bulkId: string): LogPosition | null {
    const [, epoch, number] = /^(.{22})-(\d{1,15})$/.exec(bulkId) ?? [];
    const seq = Number(number);
    if (epoch !== this.#epoch || seq > this.#newest.seq) return null;
    return areKeptAfter(this.#sql, seq) ? { seq } : "lost";
  }

  /** Returns the position of a client that has received everything before this time. */
  positionAt(time: number): LogPosition {
    if (time > this.#newest.at) return { seq: this.#newest.seq };
    return findPositionAt(this.#sql, time) ?? "lost";
  }

  /**
   * Whether RxDB's client would recognize all bulks since this time that it already has: it forgets those
   * that came a minute before its last one. It would take a forgotten one again, but not the later ones,
   * and show old documents, or one twice.
   */
  isRecognizable(since: number): boolean {
    const first = findFirstEventAt(this.#sql, since);
    return first === null || this.#newest.at - first.at < CLIENT_MEMORY_MS;
  }

  /** Returns the answer to the request that made a change; null if the change is not kept. */
  findAnswer(collection: number, request: string): string | null {
    return loadLoggedAnswer(this.#sql, collection, request);
  }

  /** Deletes expired changes. Returns when to do so again; null if nothing will expire. */
  deleteExpired(now: number): number | null {
    deleteOldEvents(this.#sql, now - EVENT_RETENTION_MS, 0);
    this.#size = measureEvents(this.#sql);
    return this.#size.count > 1 ? now + EVENT_RETENTION_MS : null;
  }
}
