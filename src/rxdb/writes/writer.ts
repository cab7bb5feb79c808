/**
 * bulkWrite, from its parameters to the answer.
 *
 *   plan := which rows are made, as the documents stand now                        writes.ts
 *   if there is no room for it, or something of it has to go to R2:
 *     reserve room; store in R2; plan anew, since others may have written meanwhile
 *   in ONE transaction of the object: documents, entries, attachments, totals, the event
 *   tell the event to all who listen; answer
 *
 * Invariant: what was answered is in the object, with the event that tells of it; what was refused has
 * changed nothing.
 */

import { UNAVAILABLE } from "../../core/refusals";
import { OVER_QUOTA } from "../../storage/refusals";
import type { Collection, Collections } from "../collections";
import type { Caller, StorageFrame } from "../module";
import type { Ledger } from "../quota-reservation";
import { READ_ONLY, REMOVED, type Reply, refuse } from "../refusals";
import type { Connection, Roster } from "../sockets/connections";
import { isObject } from "../sockets/frames";
import type { LargeBodies } from "./attachments";
import type { EventLog } from "./event-log";
import {
  applyWrite,
  type PlannedWrite,
  parseWrite,
  planWrite,
  rememberWrite,
  type Write,
} from "./writes";

type Answer = Reply<string>;

/** How often a write is planned anew because others wrote while room was made for it. */
const MAX_PLANS = 5;

/** What a write goes through. */
interface Stations {
  collections: Collections;
  log: EventLog;
  bodies: LargeBodies;
  ledger: Ledger;
  roster: Roster;
}

/** A write under way. */
interface Order {
  connection: Connection;
  frame: StorageFrame;
  caller: Caller;
  write: Write;
  now: number;
}

/** Makes the writes of one module. */
export class Writer {
  readonly #storage: DurableObjectStorage;
  readonly #stations: Stations;

  constructor(storage: DurableObjectStorage, stations: Stations) {
    this.#storage = storage;
    this.#stations = stations;
  }

  /**
   * The rows of a write, each made or refused by itself; all in one transaction, with the event that
   * tells of them. Refuses with `over-quota`, `too-large` and `malformed`; then nothing is written.
   */
  write(
    collection: Collection,
    connection: Connection,
    frame: StorageFrame,
    caller: Caller,
    now: number,
  ): Answer | Promise<Answer> {
    const earlier = this.#answeredBefore(collection, frame);
    if (earlier) return earlier;
    const write = parseWrite(connection.client, frame.params, frame.isRetry);
    if (!write.ok) return write;
    const planned = planWrite(this.#storage.sql, collection, connection.client, write.value);
    if (!planned.ok) return planned;
    if (caller.level === "r") return onlyConflicts(planned.value, write.value);
    const order = { connection, frame, caller, write: write.value, now };
    return this.#isReady(planned.value)
      ? this.#commit(planned.value, order)
      : this.#makeRoom(planned.value, order);
  }

  /** What a write was answered that is sent again, if it was done. */
  #answeredBefore(collection: Collection, frame: StorageFrame): Answer | null {
    const { log } = this.#stations;
    const earlier = frame.isRetry ? log.answerOf(collection.id, requestOf(frame)) : null;
    return earlier === null ? null : { ok: true, value: earlier };
  }

  /** Stores what goes to R2, and reserves room. Meanwhile others may write, so it is planned anew. */
  async #makeRoom(first: PlannedWrite, order: Order): Promise<Answer> {
    const { connection, frame, caller, write, now } = order;
    const { collections, bodies, ledger } = this.#stations;
    let plan = first;
    for (let plans = 0; plans < MAX_PLANS; plans++) {
      const hasRoom = this.#fits(plan) || (await ledger.reserve(growthOf(plan)));
      if (hasRoom) await bodies.store(plan.attachments.put, now);
      const collection = collections.get(connection.collection);
      if (!collection) return refuse(REMOVED);
      // What was sent before may have been under way until now.
      const earlier = this.#answeredBefore(collection, frame);
      if (earlier) return earlier;
      if (!hasRoom) return refuse(OVER_QUOTA);
      // The next try is weighed anew.
      if (!caller.mayStillWrite()) return refuse(UNAVAILABLE);
      const planned = planWrite(this.#storage.sql, collection, connection.client, write);
      if (!planned.ok) return planned;
      plan = planned.value;
      if (this.#isReady(plan)) return this.#commit(plan, order);
    }
    return refuse(UNAVAILABLE);
  }

  #isReady(plan: PlannedWrite): boolean {
    return this.#fits(plan) && !this.#stations.bodies.hasLarge(plan.attachments.put);
  }

  #fits(plan: PlannedWrite): boolean {
    const growth = growthOf(plan);
    return growth <= 0 || this.#stations.ledger.holds(growth);
  }

  #commit(plan: PlannedWrite, { frame, write: { context }, now }: Order): Answer {
    const { collection, answer, events } = plan;
    const { collections, log, roster } = this.#stations;
    if (plan.documents.length === 0) return { ok: true, value: answer };
    const growth = growthOf(plan);
    const json = this.#storage.transactionSync(() => {
      applyWrite(this.#storage.sql, plan, now);
      const change = { collection: collection.id, context, request: requestOf(frame), answer };
      return events && log.append({ ...change, ...events }, now);
    });
    rememberWrite(plan);
    collections.bytes += growth;
    if (json !== null) {
      log.noteAppended(json.length + answer.length, now);
      // Before the answer: RxDB takes its own writes from the events, too.
      roster.tell(collection.id, json, now);
    }
    return { ok: true, value: answer };
  }
}

/** A request as the log knows it. */
const requestOf = ({ connectionId, requestId }: StorageFrame): string =>
  `${connectionId} ${requestId}`;

const growthOf = ({ collection, totals }: PlannedWrite): number => totals.bytes - collection.bytes;

/**
 * What a token that only reads gets. Opening a database writes what is there already, and is
 * content to be told so; everything else must not look like a conflict, which RxDB would try to
 * resolve for ever.
 */
const onlyConflicts = ({ answer, documents }: PlannedWrite, { rows }: Write): Answer =>
  documents.length === 0 && rows.every(({ previous }) => !isObject(previous))
    ? { ok: true, value: answer }
    : refuse(READ_ONLY);
